#!/usr/bin/env python3
"""The search for faces beside OpenCV's FaceDetectorYN and onnxruntime: the share of small faces that
each finds in the same pictures, and its time, interleaved and pinned to one core. Needs Python 3.9, its
venv module and, the first time, PyPI. The pictures are NASA's portrait at known sizes on synthetic grounds.

YuNet in float is not a part of the project: without --float FILE, and without ../shared/models, what needs
it is left out, and the last lines say so."""

import argparse
import json
import os
import statistics
import subprocess
from pathlib import Path

from process import CACHE, HERE, ROOT, Worker, build, prepare

# What all need, onnxruntime's own dependencies among it, then what each peer needs.
PACKAGES = [
    ("", "numpy pillow flatbuffers packaging protobuf"),
    ("onnxruntime", "onnxruntime"),
    ("OpenCV", "opencv-python-headless"),
]
FLOAT = ROOT.parent / "shared" / "models" / "yunet_n_dynamic.onnx"
# Not measured by this script, and why.
LEFT_OUT = {
    "libfacedetection_rs": "it is a Rust crate; its network is YuNet's, with AVX2 kernels in float",
    "rustface": "face8x had it before: it finds nothing below 40 pixels",
    "BlazeFace by LiteRT": "its file is not on PyPI by itself; it looks for faces that fill the picture",
}


class Peer(Worker):
    """A detector in a process of its own."""

    def __init__(self, name, command, cpu):
        super().__init__(command, {cpu})
        self.name, self.times = name, []

    def find(self, file, size):
        numbers = [float(word) for word in self.ask(f"find {file} {size[0]} {size[1]}").split()]
        return list(zip(numbers[::3], numbers[1::3], numbers[2::3]))

    def time(self, runs):
        self.times += [int(word) / 1e6 for word in self.ask(f"time {runs}").split()]


def start(options, python, absent, cpu):
    search = options.search or build("search", "-p", "face8x-core")
    peers = [
        Peer("face8x, as it is (from 24 pixels on)", [search, "auto", "24"], cpu),
        # The others report faces of any size.
        Peer("face8x, enlarged twice", [search, "auto", "8"], cpu),
    ]
    have_float = options.float.is_file()
    if not have_float:
        absent["YuNet in float"] = f"there is no {options.float}"
    models = [("onnxruntime", "onnxruntime int8", ROOT / "models" / "detector.onnx")]
    if have_float:
        models += [("onnxruntime", "onnxruntime float", options.float), ("OpenCV", "OpenCV FaceDetectorYN", options.float)]
    for package, name, model in models:
        for zoom, how in [(1, "as it is"), (2, "enlarged twice")]:
            if package not in absent:
                command = [python, HERE / "detect_worker.py", package, model, str(zoom)]
                peers.append(Peer(f"{name}, {how}", command, cpu))
    return peers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--float", type=Path, default=FLOAT, help="YuNet in float, of open size")
    parser.add_argument("--search", type=Path, help="the example search of face8x-core, built already")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--turns", type=int, default=12, help="timed turns of each, 3 searches a turn")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    python, absent = prepare(options.cache, PACKAGES)
    scenes = options.cache / "scenes"
    portrait = ROOT / "crates/face8x-core/src/portrait/portrait.jpg"
    made = subprocess.run([python, HERE / "detect_worker.py", "scenes", portrait, scenes], check=True, capture_output=True, text=True)
    truth = {int(side): scenes for side, scenes in json.loads(made.stdout).items()}
    peers = start(options, python, absent, max(os.sched_getaffinity(0)))
    shares = {}
    for peer in list(peers):
        try:
            shares[peer.name] = found(peer, truth)
        except RuntimeError as error:
            absent[peer.name] = str(error)
            peers.remove(peer)
    for _ in range(options.turns):
        for peer in peers:
            peer.time(3)
    print(table(peers, shares, truth))
    for name, reason in {**absent, **LEFT_OUT}.items():
        print(f"- left out: {name}: {reason}.")


def found(peer, truth):
    """The shares of the faces of each side that a peer finds, and how many it finds besides."""
    shares = {}
    for side, scenes in truth.items():
        count, faces, others = 0, 0, 0
        for file, size, wanted in scenes:
            made = peer.find(file, size)
            near = lambda a, b: abs(a[0] - b[0]) + abs(a[1] - b[1]) < side / 2
            hits = sum(any(near(face, other) for other in made) for face in wanted)
            count, faces, others = count + hits, faces + len(wanted), others + len(made) - hits
        shares[side] = (100 * count / max(faces, 1), others)
    return shares


def table(peers, shares, truth):
    sides = [side for side in truth if side]
    lines = ["| search of 640x480 | " + " | ".join(f"{side} pixels" for side in sides) + " | false | median ms | min ms |"]
    lines.append("|---|" + "---|" * (len(sides) + 3))
    for peer in peers:
        cells = [f"{shares[peer.name][side][0]:.0f} %" for side in sides]
        others = sum(others for _, others in shares[peer.name].values())
        times = f"{statistics.median(peer.times):.2f} | {min(peer.times):.2f}"
        lines.append(f"| {peer.name} | {' | '.join(cells)} | {others} | {times} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
