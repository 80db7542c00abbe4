#!/usr/bin/env python3
"""Makes digests.txt: of the shipped models the SHA-256 of what onnxruntime gives for the first 16 and for all
64 generated inputs, its graph optimisations off. Needs onnxruntime and numpy."""

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime

FOLDER = Path(__file__).resolve().parent
MODELS = FOLDER.parents[3] / "models"
INPUTS = [16, 64]


def noise(seed):
    """The planes that `noise` of crates/int8/src/tests/mod.rs makes."""
    state = (seed * 2_654_435_761 + 1) % 2**32
    low, shift = (0, 24) if seed % 2 == 0 else (96, 26)
    levels = []
    for _ in range(3 * 16 * 16):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        levels.append(low + (state >> shift))
    return np.array(levels, np.uint8).reshape(1, 3, 16, 16)


def digests(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    total = hashlib.sha256()
    for seed in range(INPUTS[-1]):
        total.update(session.run(None, {"input": noise(seed)})[0].tobytes())
        if seed + 1 in INPUTS:
            yield total.hexdigest()


names = ["face8x.onnx", "face8x-large.onnx", "face8x-nano.onnx"]
lines = ["  ".join([*digests(MODELS / name), name]) + "\n" for name in names]
(FOLDER / "digests.txt").write_text("".join(lines))
