#!/usr/bin/env python3
"""Writes edges.json: what OpenCV makes of small pictures, to compare src/heatmap/edges.rs with.

usage: edges.py > edges.json
Needs opencv-python-headless and numpy from PyPI.
"""
import json

import cv2
import numpy as np


def picture(kind, width, height):
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    noise = np.random.default_rng(3).normal(size=(height, width))
    grey = {
        "waves": 128 + 70 * np.sin(x / 3.1) * np.cos(y / 4.3) + 6 * noise,
        "disc": np.where((x - 9) ** 2 + (y - 8) ** 2 < 40, 220, 40) + 8 * noise,
        "noise": 128 + 60 * noise,
        "steps": 30 * ((x // 4 + y // 5) % 7),
    }[kind]
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def heatmap(grey, boxes):
    """The paper's heatmap, by OpenCV and numpy."""
    gx, gy = cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1)
    length = np.sqrt(gx * gx + gy * gy)
    edge = 0.5 * length / length.max() + 0.5 * (cv2.Canny(grey, 100, 200) > 0)
    height, width = grey.shape
    y, x = np.mgrid[0:height, 0:width] + 0.5
    total = np.zeros(grey.shape)
    for rim, weight, x0, y0, w, h in boxes:
        inside = np.s_[max(y0, 0):min(y0 + h, height), max(x0, 0):min(x0 + w, width)]
        r2 = ((x - x0 - w / 2) / (w / 2)) ** 2 + ((y - y0 - h / 2) / (h / 2)) ** 2
        fade = 1 - np.exp(-r2 / (2 * 0.6**2)) if rim else np.exp(-2 * r2)
        total[inside] += (weight * fade * edge / edge[inside].max())[inside]
    total = cv2.GaussianBlur(total, (15, 15), 3)
    return total / total.max()


def main():
    cases = []
    for kind, width, height in [("waves", 24, 20), ("disc", 19, 16), ("noise", 20, 24), ("steps", 28, 21)]:
        grey = picture(kind, width, height)
        gx, gy = cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1)
        canny = cv2.Canny(grey, 100, 200) > 0
        blurred = cv2.GaussianBlur(grey.astype(np.float32), (15, 15), 3)
        boxes = [[False, 4.5, 2, 3, 8, 6], [False, 4.0, -3, 9, 10, 7], [True, 2.0, 1, 1, width - 2, height + 5]]
        cases.append({
            "kind": kind,
            "width": width,
            "grey": grey.flatten().tolist(),
            "scharr_squared": (gx * gx + gy * gy).astype(int).flatten().tolist(),
            "canny": ["".join(".#"[int(v)] for v in row) for row in canny],
            "blurred": [round(float(v), 3) for v in blurred.flatten()],
            "boxes": boxes,
            "heatmap": [round(float(v), 4) for v in heatmap(grey, boxes).flatten()],
        })
    cases = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    print(f'{{"opencv":"{cv2.__version__}","cases":[\n{cases}\n]}}')


if __name__ == "__main__":
    main()
