"""Makes the test data of this folder (Python 3, onnx, onnxruntime, numpy, Pillow).

usage: make.py PORTRAIT.png MODEL.onnx

PORTRAIT is NASA's picture of Eileen Collins (public domain), `astronaut.png` of scikit-image,
512x512. MODEL is models/face8x.onnx. Writes here
  face-lr.png noise-lr.png             two 16x16 inputs
  face-sr.png noise-sr.png             their 128x128 outputs by onnxruntime, graph optimisations off
  face-bicubic.png noise-bicubic.png   the same by Pillow's bicubic resize
  *.onnx                               small models, good and bad; each says below what it is
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh
from PIL import Image

HERE = Path(__file__).parent


def pictures(portrait, model):
    face = Image.open(portrait).convert("RGB").crop((125, 1, 325, 201))
    face = face.resize((128, 128), Image.BICUBIC).resize((16, 16), Image.BICUBIC)
    face = Image.fromarray(np.asarray(face))  # drops the colour profile
    noise = Image.fromarray(np.random.default_rng(8).integers(0, 256, (16, 16, 3), np.uint8))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options)
    for name, lr in (("face", face), ("noise", noise)):
        x = np.ascontiguousarray(np.asarray(lr).transpose(2, 0, 1)[None])
        (y,) = session.run(None, {"input": x})
        y = np.ascontiguousarray(y[0].transpose(1, 2, 0))
        lr.save(HERE / f"{name}-lr.png")
        Image.fromarray(y).save(HERE / f"{name}-sr.png")
        lr.resize((128, 128), Image.BICUBIC).save(HERE / f"{name}-bicubic.png")


def value(name, shape, dtype=T.FLOAT):
    return h.make_tensor_value_info(name, dtype, shape)


def enlarge(scales=(1, 1, 8, 8), source="x", result="y"):
    """A nearest-neighbour Resize and its constant."""
    constant = nh.from_array(np.array(scales, np.float32), f"scales_{result}")
    node = h.make_node(
        "Resize",
        [source, "", constant.name],
        [result],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    return [node], [constant]


def save(name, nodes, inputs, outputs, constants=()):
    graph = h.make_graph(nodes, name, inputs, outputs, list(constants))
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())


def models():
    x, y = value("x", [1, 3, 16, 16]), value("y", [1, 3, 128, 128])
    nodes, constants = enlarge()

    # Good: every input pixel becomes 8x8 output pixels.
    save("symbolic-batch", nodes, [value("x", ["N", 3, 16, 16])], [value("y", ["N", 3, 128, 128])], constants)
    save("open-sides", nodes, [value("x", ["N", 3, "H", "W"])], [value("y", ["N", 3, "h", "w"])], constants)
    save("bytes", nodes, [value("x", [1, 3, 16, 16], T.UINT8)], [value("y", [1, 3, 128, 128], T.UINT8)], constants)
    # Good: 2x - 0.5, which leaves [0, 1] on both sides.
    two, half = nh.from_array(np.float32([2]), "two"), nh.from_array(np.float32([0.5]), "half")
    wide = [h.make_node("Mul", ["x", "two"], ["d"]), h.make_node("Sub", ["d", "half"], ["s"])]
    save("overshoot", wide + enlarge(source="s")[0], [x], [y], constants + [two, half])

    # Other shapes and types.
    save("output-64", *enlarge_to(4, x, [1, 3, 64, 64]))
    save("output-64-declared-128", *enlarge_to(4, x, [1, 3, 128, 128]))
    save("grey", nodes, [value("x", [1, 1, 16, 16])], [value("y", [1, 1, 128, 128])], constants)
    save("channels-last", *enlarge_hwc())
    save("batch-2", nodes, [value("x", [2, 3, 16, 16])], [value("y", [2, 3, 128, 128])], constants)
    save("integers", nodes, [value("x", [1, 3, 16, 16], T.INT32)], [value("y", [1, 3, 128, 128], T.INT32)], constants)
    both, more = enlarge(), enlarge(source="b", result="z")
    save("two-inputs", both[0] + more[0], [x, value("b", [1, 3, 16, 16])], [y], both[1] + more[1])
    more = enlarge(result="z")
    save("two-outputs", both[0] + more[0], [x], [y, value("z", [1, 3, 128, 128])], both[1] + more[1])

    # Broken graphs.
    save("no-nodes", [], [], [])
    save("unknown-operator", [h.make_node("Frobnicate", ["x"], ["y"])], [x], [y])
    save("output-from-nowhere", nodes, [x], [value("elsewhere", [1, 3, 128, 128])], constants)
    loop = [h.make_node("Add", ["x", "b"], ["a"]), h.make_node("Relu", ["a"], ["b"])]
    save("cycle", loop + enlarge(source="b")[0], [x], [y], constants)
    short = nh.from_array(np.float32([1, 2, 3, 4]), "short")
    short.dims[0] = 1 << 40
    add = [h.make_node("Add", ["x", "short"], ["a"])]
    save("weights-too-short", add + enlarge(source="a")[0], [x], [y], constants + [short])
    far = nh.from_array(np.float32([1]), "far")
    far.ClearField("raw_data")
    far.data_location = T.EXTERNAL
    far.external_data.add(key="location", value="weights.bin")
    add = [h.make_node("Add", ["x", "far"], ["a"])]
    save("weights-elsewhere", add + enlarge(source="a")[0], [x], [y], constants + [far])
    # 2^60 bytes, made while the graph is being typed.
    sizes = nh.from_array(np.int64([1 << 30, 1 << 28]), "sizes")
    save("huge-constant", [h.make_node("ConstantOfShape", ["sizes"], ["c"]), h.make_node("ReduceMax", ["c"], ["m"]),
                           h.make_node("Add", ["x", "m"], ["y"])], [x], [y], [sizes])
    # Shapes that only show at run time: a Reshape to sizes that do not multiply out.
    sizes = nh.from_array(np.int64([7, 11]), "sizes")
    save("reshape", [h.make_node("Reshape", ["x", "sizes"], ["y"])], [x], [y], [sizes])


def enlarge_to(factor, x, declared):
    nodes, constants = enlarge((1, 1, factor, factor))
    return nodes, [x], [value("y", declared)], constants


def enlarge_hwc():
    nodes, constants = enlarge((1, 8, 8, 1))
    return nodes, [value("x", [1, 16, 16, 3])], [value("y", [1, 128, 128, 3])], constants


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pictures(*sys.argv[1:])
    models()
