#!/usr/bin/env python3
"""The share of small faces that detectors of YuNet's form find, and how far off their landmarks are.

usage: detector.py CELEBA [--alignment] MODEL.onnx...
CELEBA is a folder with `img`, list_landmarks_celeba.txt and list_eval_partition.txt. Validation
faces are pasted at a known size (the side of the canonical 128x128 face, in pixels) into enlarged
middles of other validation pictures, 640x480, with noise of 2 levels; each network searches the
scene as it is and enlarged twice. With --alignment it is said how far off the alignment by the
landmarks is, enlarged twice: standard deviations of its shift each way by the side, of the logarithm
of its scale and of its angle in radians, which is what src/camera assumes. Needs onnxruntime, numpy and pillow from PyPI.
"""
import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts" / "peers"))
from detect_worker import CANONICAL, CONFIDENCE, by_onnxruntime

SIDES = [12, 14, 16, 20, 24, 32, 48, 96]
SCENES, FACES = 16, 12
WIDTH, HEIGHT = 640, 480


def validation(folder):
    """Paths of the validation pictures with their landmarks."""
    with open(f"{folder}/list_eval_partition.txt") as lines:
        names = {line.split()[0] for line in lines if line.split()[1] == "1"}
    with open(f"{folder}/list_landmarks_celeba.txt") as lines:
        rows = [line.split() for line in list(lines)[2:]]
    found = [(f"{folder}/img/{row[0]}", np.array(row[1:], float).reshape(5, 2)) for row in rows if row[0] in names]
    return [(path, points) for path, points in found if os.path.exists(path)]


def side_of(points):
    """The canonical face's side in pixels: of the least-squares similarity."""
    a, b = CANONICAL - CANONICAL.mean(0), points - points.mean(0)
    scale = np.hypot((a * b).sum(), (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / (a * a).sum()
    return 128 * scale


def compose(pictures, side, rng):
    """A scene and the landmarks of its faces."""
    background = Image.open(pictures[rng.integers(len(pictures))][0]).convert("RGB")
    w, h = background.size
    top = (h - w * 3 // 4) // 2
    scene = background.crop((0, top, w, top + w * 3 // 4)).resize((WIDTH, HEIGHT), Image.BILINEAR)
    taken, truth = [], []
    for _ in range(FACES):
        path, points = pictures[rng.integers(len(pictures))]
        picture = Image.open(path).convert("RGB")
        scale = side / side_of(points)
        size = [max(1, round(v * scale)) for v in picture.size]
        for _ in range(30):
            x, y = int(rng.integers(WIDTH - size[0])), int(rng.integers(HEIGHT - size[1]))
            if all(x + size[0] <= t[0] or t[2] <= x or y + size[1] <= t[1] or t[3] <= y for t in taken):
                scene.paste(picture.resize(size, Image.BICUBIC), (x, y))
                taken.append((x, y, x + size[0], y + size[1]))
                truth.append(points * [size[0] / picture.size[0], size[1] / picture.size[1]] + [x, y])
                break
    levels = np.asarray(scene, float) + rng.normal(0, 2, (HEIGHT, WIDTH, 3))
    return Image.fromarray(np.clip(np.rint(levels), 0, 255).astype(np.uint8)), truth


class Detector:
    def __init__(self, path):
        self.name = os.path.basename(path)
        self.search = by_onnxruntime(path)

    def find(self, picture):
        """The landmarks of the faces in an RGB picture."""
        return self.search(np.asarray(picture)[:, :, ::-1])


def similarity(points):
    """The least-squares similarity to the canonical face: z -> a z + b."""
    p, q = points @ [1, 1j], CANONICAL @ [1, 1j]
    a = ((q - q.mean()) * np.conj(p - p.mean())).sum() / (abs(p - p.mean()) ** 2).sum()
    return a, q.mean() - a * p.mean()


def nearest(points, wanted, side):
    """The found face whose landmarks are nearest, and their mean error by the side; or nothing."""
    off = np.linalg.norm(points - wanted, axis=2).mean(1) / side
    return (points[off.argmin()], off.min()) if len(off) and off.min() < 0.2 else None


def alignment(pictures, detector):
    for side in SIDES:
        rng, errors = np.random.default_rng(side + 100), []
        for scene, truth in (compose(pictures, side, rng) for _ in range(SCENES)):
            points = detector.find(scene.resize((2 * WIDTH, 2 * HEIGHT), Image.BILINEAR)) / 2
            for wanted in truth:
                if found := nearest(points, wanted, side):
                    (a, b), (c, d) = similarity(wanted), similarity(found[0])
                    moved = (c * (64 + 64j - b) / a + d - 64 - 64j) / 128
                    errors.append([moved.real, moved.imag, np.log(abs(c / a)), np.angle(c / a)])
        print(f"side {side:3}: {np.std(errors, axis=0).round(4)}", flush=True)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    pictures = validation(sys.argv[1])
    if sys.argv[2] == "--alignment":
        return alignment(pictures, Detector(sys.argv[3]))
    detectors = [Detector(path) for path in sys.argv[2:]]
    print(f"{SCENES * FACES} faces a size; found at confidence {CONFIDENCE}, mean landmark error by the side")
    for zoom in [1, 2]:
        for side in SIDES:
            rng = np.random.default_rng(side)
            scenes = [compose(pictures, side, rng) for _ in range(SCENES)]
            cells = []
            for detector in detectors:
                found, faces, errors = 0, 0, []
                for scene, truth in scenes:
                    points = detector.find(scene.resize((WIDTH * zoom, HEIGHT * zoom), Image.BILINEAR))
                    for wanted in truth:
                        faces += 1
                        if match := nearest(points / zoom, wanted, side):
                            found += 1
                            errors.append(match[1])
                error = 100 * np.mean(errors) if errors else float("nan")
                cells.append(f"{detector.name}: {100 * found / faces:5.1f} % {error:4.1f} %")
            print(f"x{zoom} side {side:3}  " + "   ".join(cells), flush=True)


if __name__ == "__main__":
    main()
