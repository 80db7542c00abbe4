#!/usr/bin/env python3
"""Writes yolo_world.json: what onnxruntime, OpenCV and numpy make of a YOLO-World network and a
picture that a formula gives, to compare src/heatmap/yolo.rs with.

usage: yolo_world.py yolo-world-v2n-random.onnx > yolo_world.json
Needs onnxruntime, opencv-python-headless and numpy from PyPI.
"""
import json
import sys

import cv2
import numpy as np
import onnxruntime as ort

CONFIDENCE, OVERLAP = 4.5e-5, 0.47


def picture(width, height):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return ((3 * x + 2 * y + 40 * c + (x * y >> 4)) & 255).astype(np.uint8)


def letterbox(rgb, side):
    height, width = rgb.shape[:2]
    scale = min(side / height, side / width)
    w, h = round(width * scale), round(height * scale)
    left, top = round((side - w) / 2 - 0.1), round((side - h) / 2 - 0.1)
    small = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_LINEAR)
    return cv2.copyMakeBorder(small, top, side - h - top, left, side - w - left, cv2.BORDER_CONSTANT, value=(114, 114, 114))


def iou(a, b):
    """Of one box with many; boxes are x0, y0, x1, y1."""
    low, high = np.maximum(a[:2], b[:, :2]), np.minimum(a[2:], b[:, 2:])
    both = np.clip(high - low, 0, None).prod(1)
    return both / ((a[2:] - a[:2]).prod() + (b[:, 2:] - b[:, :2]).prod(1) - both)


def decode(raw, confidence, overlap):
    boxes, scores = raw[:4].T, raw[4:].T
    corners = np.c_[boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2]
    kept, margins = [], []
    for cls in range(scores.shape[1]):
        mine = np.flatnonzero((scores.argmax(1) == cls) & (scores.max(1) > confidence))
        mine = mine[np.argsort(-scores[mine, cls], kind="stable")]
        while len(mine):
            best, mine = mine[0], mine[1:]
            kept.append([cls, *corners[best].tolist(), float(scores[best, cls])])
            overlaps = iou(corners[best], corners[mine])
            margins += np.abs(overlaps - overlap).tolist()
            mine = mine[overlaps <= overlap]
    return kept, min(margins)


def synthetic():
    """An output of a network with two classes and 40 boxes, whose decisions are clear."""
    rng = np.random.default_rng(1)
    while True:
        raw = np.r_[rng.uniform(10, 60, (2, 40)), rng.uniform(8, 40, (2, 40)), rng.uniform(0, 1, (2, 40))]
        raw = raw.round(3).astype(np.float32)
        kept, margin = decode(raw, 0.3, 0.47)
        if margin > 2e-3 and len(kept) > 10:
            return {"raw": [float(f"{v:.3f}") for v in raw.flatten()], "detections": kept}


def main():
    session = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    side = session.get_inputs()[0].shape[2]
    fed = picture(side, side).transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
    raw = session.run(None, {session.get_inputs()[0].name: fed})[0][0]
    kept, margin = decode(raw, CONFIDENCE, OVERLAP)
    print(f"{len(kept)} boxes, the closest overlap by {margin:.1e}", file=sys.stderr)
    tall = {"width": 17, "height": 23, "side": 32}
    print(json.dumps({
        "confidence": CONFIDENCE,
        "overlap": OVERLAP,
        "raw": [[r, k, float(raw[r, k])] for r in range(len(raw)) for k in range(3, raw.shape[1], 331)],
        "detections": kept,
        "synthetic": synthetic(),
        "letterbox": tall | {"seen": letterbox(picture(17, 23), 32).flatten().tolist()},
    }, separators=(",", ":")))


if __name__ == "__main__":
    main()
