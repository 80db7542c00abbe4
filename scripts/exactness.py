#!/usr/bin/env python3
"""What onnxruntime makes of many inputs with a model, its graph optimisations off: the file as it
is written.

usage: exactness.py MODEL FOLDER [PICTURES]

Writes FOLDER/inputs (16x16 RGB pixels, 768 bytes each) and FOLDER/outputs (128x128 RGB pixels).
The inputs are noise, gradients and flat colours; with PICTURES, a folder that has CelebA's lists
and img/, they are the faces of its validation partition, cut out by their landmarks.
"""

import pathlib
import sys

import numpy as np
import onnxruntime
from PIL import Image

SIDE = 16


def generated():
    """64 inputs, the same each time."""
    random = np.random.Generator(np.random.PCG64(8))
    ramp = np.linspace(0, 255, SIDE)
    for k in range(16):
        # From a little contrast to all of it.
        low, high = sorted(random.integers(0, 256, 2))
        yield random.integers(low, high + 1, (SIDE, SIDE, 3))
    for k in range(16):
        slopes = random.uniform(-1, 1, (2, 3))
        yield 128 + ramp[:, None, None] * slopes[0] + ramp[None, :, None] * slopes[1]
    for k in range(8):
        yield np.broadcast_to(random.integers(0, 256, 3), (SIDE, SIDE, 3))
    for level in (0, 255):
        yield np.full((SIDE, SIDE, 3), level)
    for k in range(22):
        # Something like a face: a bright oval with dark spots on a coloured ground.
        picture = np.broadcast_to(random.uniform(0, 255, 3), (SIDE, SIDE, 3)).copy()
        y, x = np.mgrid[:SIDE, :SIDE] + 0.5
        skin = random.uniform(80, 255) * np.array([1, 0.8, 0.7])
        picture[((x - 8) / 5.5) ** 2 + ((y - 8) / 7.5) ** 2 < 1] = skin
        for cx, cy, wide in ((5.5, 6.5, 1.2), (10.5, 6.5, 1.2), (8, 11.5, 2)):
            picture[((x - cx) / wide) ** 2 + (y - cy) ** 2 < 1] = skin * random.uniform(0.2, 0.6)
        yield picture + random.normal(0, 6, picture.shape)


def faces(folder):
    """The validation partition's faces."""
    partition = (folder / "list_eval_partition.txt").read_text().split()
    wanted = {name for name, part in zip(partition[::2], partition[1::2]) if part == "1"}
    for line in (folder / "list_landmarks_celeba.txt").read_text().splitlines()[2:]:
        name, *numbers = line.split()
        if name not in wanted:
            continue
        points = np.array(numbers, float).reshape(5, 2)
        eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
        half = 1.6 * np.linalg.norm(mouth - eyes)
        x, y = (eyes + mouth) / 2
        box = (x - half, y - half, x + half, y + half)
        picture = Image.open(folder / "img" / name).convert("RGB")
        cut = picture.transform((8 * SIDE, 8 * SIDE), Image.Transform.EXTENT, box)
        yield np.asarray(cut.resize((SIDE, SIDE), Image.Resampling.BOX))


def main():
    model, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    pictures = faces(pathlib.Path(sys.argv[3])) if len(sys.argv) > 3 else generated()
    inputs = [np.clip(np.rint(picture), 0, 255).astype(np.uint8) for picture in pictures]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    with open(folder / "outputs", "wb") as file:
        for picture in inputs:
            planes = picture.transpose(2, 0, 1)[None]
            (output,) = session.run(None, {name: np.ascontiguousarray(planes)})
            file.write(output[0].transpose(1, 2, 0).tobytes())
    (folder / "inputs").write_bytes(np.stack(inputs).tobytes())


main()
