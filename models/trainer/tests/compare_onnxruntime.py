#!/usr/bin/env python3
"""Compares a network in onnxruntime with what tract made of it, byte for byte.

usage: compare_onnxruntime.py MODEL.onnx FOLDER
FOLDER is what `face8x-train dump MODEL.onnx -o FOLDER` wrote. Needs onnxruntime and numpy from
PyPI; with onnx, too, the file is checked against the standard. Graph optimisations are off: with them on, onnxruntime fuses the sums to kernels that
round in their own way. A processor without VNNI instructions saturates 16-bit sums in
onnxruntime's u8 x s8 kernels, so that a difference there is onnxruntime's.
"""
import glob
import re
import sys

import numpy as np
import onnxruntime as ort

try:
    import onnx
except ImportError:
    onnx = None


def check(path):
    """The file follows the standard, with operators of ai.onnx alone."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    foreign = {node.op_type for node in model.graph.node if node.domain not in ("", "ai.onnx")}
    if foreign:
        sys.exit(f"operators outside ai.onnx: {sorted(foreign)}")


def restorer(path, session, folder):
    """How many values differ of how many, and by how much at most."""
    inputs = np.fromfile(f"{folder}/inputs.u8", np.uint8).reshape(-1, 1, 3, 16, 16)
    wanted = np.fromfile(f"{folder}/outputs.u8", np.uint8).reshape(-1, 1, 3, 128, 128)
    is_float = session.get_inputs()[0].type == "tensor(float)"
    differing, largest = 0, 0
    for lr, sr in zip(inputs, wanted):
        fed = lr.astype(np.float32) / np.float32(255) if is_float else lr
        found = session.run(None, {"input": fed})[0]
        if is_float:
            found = np.rint(np.clip(found, 0, 1) * np.float32(255)).astype(np.uint8)
        differing += int((found != sr).sum())
        largest = max(largest, int(np.abs(found.astype(int) - sr.astype(int)).max()))
    print(f"{path}: {len(inputs)} pictures, {differing} of {wanted.size} bytes differ, by {largest} at most")
    return differing and not is_float


def detector(path, session, folder, inputs):
    height, width = map(int, re.search(r"inputs-(\d+)x(\d+)", inputs).groups())
    pictures = np.fromfile(inputs, np.uint8).reshape(-1, 1, 3, height, width)
    names = [output.name for output in session.get_outputs()]
    wanted = {name: np.fromfile(f"{folder}/{name}.f32", np.float32).reshape(len(pictures), -1) for name in names}
    differing, largest = 0, 0.0
    for k, picture in enumerate(pictures):
        for name, found in zip(names, session.run(names, {"input": picture})):
            difference = np.abs(found.ravel() - wanted[name][k])
            differing += int((difference != 0).sum())
            largest = max(largest, float(difference.max()))
    values = sum(values.size for values in wanted.values())
    print(f"{path}: {len(pictures)} pictures, {differing} of {values} values differ, by {largest} at most")
    return differing


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    path, folder = sys.argv[1:]
    if onnx:
        check(path)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    scenes = glob.glob(f"{glob.escape(folder)}/inputs-*.u8")
    failed = detector(path, session, folder, scenes[0]) if scenes else restorer(path, session, folder)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
