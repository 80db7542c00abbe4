"""Makes weights for `train-landmarks --init` of a landmark network with 64x64 pixels in.

usage: landmarks_init.py POINTS-64.safetensors INIT.safetensors

The convolutions are taken over as they are (their bytes lie in channels-last order); the last
layer, which saw 4x4 pixels, is reduced to 3x3 bilinearly. The confidence begins at nothing.
Needs numpy and safetensors.
"""

import sys

import numpy as np
from safetensors.numpy import load_file, save_file

NAMES = ["stem", "d1", "d2", "s2.c.0", "d3", "s3.c.0"]

source = load_file(sys.argv[1])
weights = {}
for k, name in enumerate(NAMES):
    w = source[f"body.{k}.w"]
    outputs, inputs = w.shape[:2]
    w = w.reshape(outputs, 3, 3, inputs).transpose(0, 3, 1, 2)
    weights[f"{name}.w"] = np.ascontiguousarray(w)
    weights[f"{name}.b"] = source[f"body.{k}.b"]
# Rows of a 3x3 grid that spans a 4x4 one: 0, 1.5, 3.
reduce = np.array([[1, 0, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 0, 1]], np.float32)
last = source["fc.weight"].reshape(10, -1, 4, 4)
last = np.einsum("ai,ocij,bj->ocab", reduce, last, reduce) * (16 / 9)
weights["points.w"] = np.concatenate([last, np.zeros_like(last[:1])]).astype(np.float32)
weights["points.b"] = np.append(source["fc.bias"], np.float32(0.5)).astype(np.float32)
save_file(weights, sys.argv[2])
