#!/usr/bin/env python3
"""How many of the faces in real photographs face8x's search finds, of those that YuNet in float by
onnxruntime finds at the same scales, and which it finds besides: photographs made 640 pixels wide (or
--width), as they are and enlarged twice. Needs what detect.py needs, and a folder of photographs of your own with people."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from detect import FLOAT, PACKAGES, Peer, row
from process import CACHE, HERE, ROOT, build, prepare, versions

# The smallest crop that counts, in pixels, and where the classes of sides begin.
LEAST = 12
CLASSES = [LEAST, 16, 24, 32, 48, 96]


def near(a, b):
    """Whether two faces, each the middle and the side of a crop, are one."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) < max(a[2], b[2]) / 2 and 0.5 < a[2] / b[2] < 2


def faces_of(peers, file, size):
    """Each face that any of the peers finds, once."""
    kept = []
    for face in (face for peer in peers for face in peer.find(file, size)):
        if face[2] >= LEAST and not any(near(face, other) for other in kept):
            kept.append(face)
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path, help="a folder, with those in it")
    parser.add_argument("--float", type=Path, default=FLOAT, help="YuNet in float, of open size")
    parser.add_argument("--search", type=Path, help="the example search of face8x-core, built already")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--width", default="640", help="of a photograph, in pixels (640)")
    parser.add_argument("--list", action="store_true", help="print where the two differ")
    options = parser.parse_args()
    if not options.float.is_file():
        sys.exit(f"there is no {options.float}: name YuNet in float with --float")
    options.cache.mkdir(parents=True, exist_ok=True)
    python, absent = prepare(options.cache, PACKAGES[:2])
    if absent:
        sys.exit(f"onnxruntime cannot be had: {absent}")
    worker = [python, HERE / "detect_worker.py"]
    folder = options.cache / "photographs"
    made = subprocess.run([*worker, "photographs", options.photographs, folder, options.width], check=True, stdout=subprocess.PIPE, text=True)
    search = options.search or build("search", "-p", "face8x-core")
    cpu, int8 = max(os.sched_getaffinity(0)), ROOT / "models" / "detector.onnx"

    def by_onnxruntime(model):
        return [Peer(str(model), zoom, [*worker, "onnxruntime", model, str(zoom)], cpu) for zoom in (1, 2)]

    def by_face8x(detector):
        return [Peer(detector, 2, [search, detector, str(LEAST)], cpu)]

    whole = by_onnxruntime(options.float)
    rows = {
        "face8x": by_face8x("auto"),
        "face8x without the second look": by_face8x(f"yunet:{int8}"),
        "onnxruntime int8": by_onnxruntime(int8),
    }
    wanted, found, besides = [0] * len(CLASSES), {name: [0] * len(CLASSES) for name in rows}, dict.fromkeys(rows, 0)
    photographs = json.loads(made.stdout)
    for file, size in photographs:
        truth = faces_of(whole, file, size)
        for face in truth:
            wanted[class_of(face)] += 1
        for name, peers in rows.items():
            faces = faces_of(peers, file, size)
            others = [face for face in faces if not any(near(face, other) for other in truth)]
            missing = [face for face in truth if not any(near(face, other) for other in faces)]
            besides[name] += len(others)
            for face in truth:
                found[name][class_of(face)] += face not in missing
            if options.list:
                print(file, size, name, "besides", others, "missing", missing)
    print(row(["search", *(f"from {side} pixels ({count})" for side, count in zip(CLASSES, wanted)), f"all ({sum(wanted)})", "besides"]))
    print("|" + "---|" * (len(CLASSES) + 3))
    for name, counts in found.items():
        shares = [f"{100 * count / max(of, 1):.0f} %" for count, of in zip([*counts, sum(counts)], [*wanted, sum(wanted)])]
        print(row([name, *shares, str(besides[name])]))
    print(f"\n{len(photographs)} photographs; {', '.join(versions(python, ['onnxruntime']))}.")


def class_of(face):
    return max(k for k, side in enumerate(CLASSES) if face[2] >= side)


if __name__ == "__main__":
    main()
