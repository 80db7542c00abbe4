#!/usr/bin/env python3
"""Times face8x's integer engine beside onnxruntime, OpenVINO, LiteRT and ncnn, each on its own best
form of the same int8 network: interleaved, pinned, on whatever machine this runs on. Needs Python 3.9,
its venv module and, the first time, PyPI."""

import argparse
import json
import math
import os
import platform
import random
import statistics
import subprocess
import time
from pathlib import Path

from process import CACHE, HERE, ROOT, TOLERATED, Worker, build, other_work, prepare, processor, versions

# What conversion needs, then what each peer needs. Without further dependencies, which are for
# tools that aren't used here.
BASE = "numpy onnx protobuf ml_dtypes typing_extensions packaging flatbuffers"
PEERS = {
    "onnxruntime": ("onnxruntime", ["QDQ", "shipped"]),
    "OpenVINO": ("openvino", ["dense", "transposed"]),
    "LiteRT": ("ai-edge-litert", ["dense", "transposed"]),
    "ncnn": ("ncnn", ["dense", "Winograd"]),
}
FORMS = {
    "shipped": "the file as shipped (QLinearConv), all its optimisations",
    "QDQ": "the same numbers as QDQ, all its optimisations",
    "dense": "the same numbers, upsampling as 3x3 convolutions",
    "transposed": "upsampling as 4x4 transposed convolutions of 2x2 taps a pixel, weights quantised again",
    "Winograd": "weights of 6 bits, as its own tool makes them for its Winograd kernels",
}
# Runs that aren't counted at the start of each turn.
WARM = 5
FACES = 16


class Runner(Worker):
    """An engine in a process of its own."""

    def __init__(self, engine, form, command, cpus):
        super().__init__(command, cpus)
        self.engine, self.form, self.times, self.turns = engine, form, [], []

    def turn(self, runs):
        times = [int(t) / 1e9 for t in self.ask(f"time {WARM + runs}").split()][WARM:]
        self.times += times
        self.turns.append(min(times))


def faces(path):
    """Pictures of 16x16 pixels with soft transitions and some noise, always the same ones."""
    generator = random.Random(16)
    levels = bytearray()
    for _ in range(FACES):
        waves = [(generator.uniform(0.1, 0.6), generator.uniform(0.1, 0.6), generator.uniform(0, 6)) for _ in range(3)]
        for y in range(16):
            for x in range(16):
                for a, b, c in waves:
                    levels.append(int(128 + 80 * math.sin(a * x + b * y + c) + generator.uniform(-15, 15)))
    path.write_bytes(levels)


def psnr(first, second):
    square = sum((a - b) ** 2 for a, b in zip(first, second)) / len(first)
    return math.inf if square == 0 else 10 * math.log10(255**2 / square)


def start(options, python, threads, cpus, absent):
    """Every engine on this number of threads, with its pictures compared with face8x's."""
    runners = [Runner("face8x", "fused", [options.measure, "int8", str(threads), options.model], cpus)]
    for engine, (_, forms) in PEERS.items():
        for form in forms if engine not in absent else []:
            command = [python, HERE / "worker.py", engine, form, str(threads), options.model, options.cache]
            runners.append(Runner(engine, form, command, cpus))
    source = options.cache / "faces.rgb"
    faces(source)
    good, ours = [], None
    for runner in runners:
        target = options.cache / "pictures.rgb"
        try:
            runner.ask(f"restore {source} {target}")
        except RuntimeError as error:
            absent[f"{runner.engine}, {runner.form}"] = str(error)
            continue
        pictures = target.read_bytes()
        ours = ours or pictures
        runner.psnr = psnr(pictures, ours)
        good.append(runner)
    if not good or good[0].engine != "face8x":
        raise SystemExit(f"face8x itself does not run: {absent}")
    return good


def measure(options, runners):
    """Turns in rotation, for the time given."""
    end = time.monotonic() + options.seconds
    while time.monotonic() < end or len(runners[0].turns) < 3:
        for runner in runners:
            runner.turn(options.runs)
            # Threads that wait for the next run by spinning go to sleep.
            time.sleep(0.01)


def row(runner, threads, first):
    median, least = statistics.median(runner.times), min(runner.times)
    return {
        "engine": runner.engine,
        "form": runner.form,
        "threads": threads,
        "stage": "restore",
        "runs": len(runner.times),
        "median": median,
        "min": least,
        "ratio_median": median / statistics.median(first.times),
        "ratio_min": least / min(first.times),
        # Each turn's quickest run beside face8x's of the same turn: other work on the machine
        # weighs least in it.
        "ratio_turns": statistics.median(a / b for a, b in zip(runner.turns, first.turns)),
        "psnr": None if math.isinf(runner.psnr) else runner.psnr,
    }


def table(rows, threads):
    lines = [
        f"{threads} thread" + "s" * (threads > 1),
        "",
        "| engine | form | median ms | min ms | ratio (median) | ratio (min) | ratio (turns) | dB from face8x |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        away = "equal" if r["psnr"] is None else f"{r['psnr']:.1f}"
        numbers = f"{r['median'] * 1e3:.3f} | {r['min'] * 1e3:.3f} | {r['ratio_median']:.2f} | {r['ratio_min']:.2f}"
        lines.append(f"| {r['engine']} | {r['form']} | {numbers} | {r['ratio_turns']:.2f} | {away} |")
    peers = [r for r in rows if r["engine"] != "face8x"]
    if peers:
        best = min(peers, key=lambda r: r["ratio_turns"])
        lines += ["", f"The fastest peer, {best['engine']}, takes {best['ratio_turns']:.2f} times as long as face8x."]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "face8x.onnx")
    parser.add_argument("--threads", default="1,2", help="numbers of threads, 1,2 unless told")
    parser.add_argument("--seconds", type=float, default=30, help="of measuring for each number of threads")
    parser.add_argument("--runs", type=int, default=20, help="counted runs in a turn")
    parser.add_argument("--measure", type=Path, help="examples/measure, built already")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--export-json", type=Path, metavar="FILE")
    parser.add_argument("--export-markdown", type=Path, metavar="FILE")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    packages = [(engine, packages) for engine, (packages, _) in PEERS.items()]
    python, absent = prepare(options.cache, [("", BASE), *packages])
    options.measure = options.measure or build("measure")
    cpus = sorted(os.sched_getaffinity(0))
    results, tables, busy = [], [], 0
    for threads in [int(t) for t in options.threads.split(",")]:
        if threads > len(cpus):
            absent[f"{threads} threads"] = f"this machine has {len(cpus)}"
            continue
        runners = start(options, python, threads, cpus[-threads:], absent)
        busy = max(busy, other_work())
        measure(options, runners)
        rows = [row(runner, threads, runners[0]) for runner in runners]
        for runner in runners:
            runner.close()
        results += rows
        tables.append(table(rows, threads))
        print(tables[-1], flush=True)
        print()
    notes = [f"{form}: {text}." for form, text in FORMS.items() if any(r["form"] == form for r in results)]
    if busy > TOLERATED:
        words = f"The machine was busy: other programs took {busy:.0%} of its processors' time before the turns"
        notes.append(f"{words}. Trust no time; the ratio of turns on one thread suffers least.")
    notes += [f"Left out: {name}: {reason}." for name, reason in absent.items()]
    found = versions(python, [package for package, _ in PEERS.values()])
    notes.append(f"{processor()}, {platform.machine()}; {', '.join(found)}.")
    print("\n".join(notes))
    if options.export_json:
        content = {"results": results, "notes": notes}
        options.export_json.write_text(json.dumps(content, indent=2) + "\n")
    if options.export_markdown:
        options.export_markdown.write_text("\n\n".join(tables) + "\n\n" + "\n".join(f"- {n}" for n in notes) + "\n")


if __name__ == "__main__":
    main()
