#!/usr/bin/env python3
"""Writes camera.json: what numpy makes of the camera's steps, to compare src/camera with.

usage: camera.py > camera.json
Needs numpy from PyPI. The optics are sampled 128 times as densely as the face's pixels and
convolved there; the other steps are written with whole arrays.
"""
import json

import numpy as np

FINE = 128
BORDER = 4


def face():
    """The 128x128 face that src/camera/tests.rs draws, too."""
    y, x, c = np.mgrid[0:128, 0:128, 0:3]
    return ((x * 7 + y * 13 + c * 50 + x * y % 31 * 4) % 256).astype(float)


def exposed(hr, side, phase, blur, places):
    """The levels of the camera's pixels at `places` before noise."""
    pixel = 128 / side
    step = 1 / FINE
    reach = pixel / 2 + 6 * blur * pixel + 1
    fine = np.arange(-np.ceil(reach), np.ceil(reach), step) + step / 2
    if blur:
        # The box's edges fall between fine samples: their shares are exact.
        gauss = np.exp(-fine**2 / (2 * (blur * pixel) ** 2))
        box = np.clip((pixel / 2 - np.abs(fine)) / step + 0.5, 0, 1)
        kernel = np.convolve(gauss, box, "same")
        # Of an even number of samples "same" gives those half a step before.
        fine = fine - step / 2
    else:
        kernel = None
    found = []
    for px, py in places:
        u, v = ((np.array([px, py]) - BORDER + 0.5 + phase) * pixel).tolist()
        if kernel is None:
            weights = []
            for centre in (u, v):
                edges = np.arange(-300, 430)
                left, right = np.maximum(edges, centre - pixel / 2), np.minimum(edges + 1, centre + pixel / 2)
                weights.append((edges, np.clip(right - left, 0, None)))
        else:
            weights = []
            for centre in (u, v):
                columns = np.floor(centre + fine).astype(int)
                weights.append((np.arange(columns[0], columns[-1] + 1), np.bincount(columns - columns[0], kernel)))
        (columns, across), (rows, down) = weights
        plane = np.outer(down, across)
        mirror = lambda n: np.minimum(n % 256, 255 - n % 256)
        light = hr[mirror(rows)[:, None], mirror(columns)[None, :]]
        found.append(((plane[..., None] * light).sum((0, 1)) / plane.sum()).tolist())
    return found


def neighbours(picture):
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = picture.shape[:2]
    return np.stack([padded[dy:dy + height, dx:dx + width] for dy in range(3) for dx in range(3)])


def denoised(picture, reach):
    around = neighbours(picture)
    close = np.abs(around - picture) <= reach
    return (around * close).sum(0) / close.sum(0)


def sharpened(picture, amount):
    weights = np.outer([1, 2, 1], [1, 2, 1]).reshape(9, 1, 1, 1) / 16
    return np.clip(picture + amount * (picture - (neighbours(picture) * weights).sum(0)), 0, 255)


def main():
    hr = face()
    optics = []
    for side, phase, blur in [(12, (0.25, 0.7), 0.45), (17.3, (0.0, 0.5), 0.7), (40, (0.9, 0.1), 0.25), (16, (0.4, 0.6), 0)]:
        count = int(np.ceil(side)) + 2 * BORDER
        rng = np.random.default_rng(5)
        places = [(0, 0), (count - 1, count - 1)] + rng.integers(0, count, (22, 2)).tolist()
        levels = exposed(hr, side, np.array(phase), blur, places)
        optics.append({
            "side": side, "phase": phase, "blur": blur, "places": places,
            "levels": [[round(v, 3) for v in rgb] for rgb in levels],
        })
    picture = np.random.default_rng(6).integers(60, 120, (9, 9, 3)).astype(float)
    listed = lambda array: [round(v, 4) for v in array.ravel().tolist()]
    steps = {
        "side": 9, "picture": listed(picture),
        "reach": 14, "denoised": listed(denoised(picture, 14)),
        "amount": 0.6, "sharpened": listed(sharpened(picture, 0.6)),
    }
    rows = ",\n".join(json.dumps(case, separators=(",", ":")) for case in optics)
    print(f'{{"steps":{json.dumps(steps, separators=(",", ":"))},\n"optics":[\n{rows}\n]}}')


if __name__ == "__main__":
    main()
