"""The network as QuantizeLinear and DequantizeLinear around float operators: the form that
onnxruntime's and OpenVINO's own quantisers write."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

from network import Conv, by_output


class Writer:
    def __init__(self, network, transposed):
        self.network, self.use_transposed = network, transposed
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def numbers(self, name):
        quantity = self.network.quantities[name]
        if not any(c.name == name + ".scale" for c in self.constants):
            self.constant(name + ".scale", np.float32(quantity.scale))
            self.constant(name + ".zero", np.uint8(quantity.zero))
        return [name + ".scale", name + ".zero"]

    def real(self, name, reader):
        """A tensor's bytes as float, for one reader."""
        return self.node("DequantizeLinear", [name, *self.numbers(name)], f"{reader}<{name}")

    def quantise(self, real, name):
        return self.node("QuantizeLinear", [real, *self.numbers(name)], name)

    def conv(self, step):
        name, scale = step.output, self.network.quantities[step.input].scale
        transposed = step.transposed() if step.shuffle and self.use_transposed else None
        if transposed is None:
            weights, scales, bias, axis = step.weights, step.weight_scales, step.bias, 0
        else:
            weights, scales = by_output(transposed)
            weights, axis = weights.transpose(1, 0, 2, 3), 1
            bias = np.rint(step.real_bias(scale)[::4] / (scale * scales)).astype(np.int32)
        scales = scales.astype(np.float32)
        self.constant(name + ".w", weights)
        self.constant(name + ".ws", scales)
        self.constant(name + ".wz", np.zeros(len(scales), np.int8))
        self.constant(name + ".b", bias)
        self.constant(name + ".bs", (scales * np.float32(scale)).astype(np.float32))
        self.constant(name + ".bz", np.zeros(len(scales), np.int32))
        inputs = [
            self.real(step.input, name),
            self.node("DequantizeLinear", [name + ".w", name + ".ws", name + ".wz"], name + ".wf", axis=axis),
            self.node("DequantizeLinear", [name + ".b", name + ".bs", name + ".bz"], name + ".bf", axis=0),
        ]
        if transposed is not None:
            self.node("ConvTranspose", inputs, name + ".f", kernel_shape=[4, 4], strides=[2, 2], pads=[1] * 4)
            return self.quantise(name + ".f", name)
        self.node("Conv", inputs, name + ".f", kernel_shape=[3, 3], strides=[step.stride] * 2, pads=[1] * 4)
        if not step.shuffle:
            return self.quantise(name + ".f", name)
        self.network.quantities[name + ".c"] = self.network.quantities[name]
        self.quantise(name + ".f", name + ".c")
        # Between its own pair: so it runs on bytes.
        self.node("DepthToSpace", [self.real(name + ".c", name)], name + ".s", blocksize=2, mode="CRD")
        return self.quantise(name + ".s", name)

    def add(self, step):
        name = step.output
        sides = [self.real(side, f"{name}.{k}") for k, side in enumerate((step.first, step.second))]
        self.node("Add", sides, name + ".sum")
        self.node("Relu", [name + ".sum"], name + ".relu")
        return self.quantise(name + ".relu", name)

    def picture(self):
        network = self.network
        scales = self.constant("enlarge", np.array([1, 1, 8, 8], np.float32))
        levels = self.real(network.input, "levels")
        base = self.node("Resize", [levels, "", scales], "base", mode="linear", coordinate_transformation_mode="half_pixel")
        self.node("Add", [self.real(network.residual, "picture"), base], "sum")
        self.constant("picture.scale", np.float32(1))
        self.constant("picture.zero", np.uint8(0))
        self.node("QuantizeLinear", ["sum", "picture.scale", "picture.zero"], "picture")


def write(network, path, transposed=False):
    """Writes the network's file; with `transposed`, upsampling as transposed convolutions."""
    writer = Writer(network, transposed)
    for step in network.steps:
        writer.conv(step) if isinstance(step, Conv) else writer.add(step)
    writer.picture()
    lr = helper.make_tensor_value_info(network.input, TensorProto.UINT8, [1, 3, 16, 16])
    sr = helper.make_tensor_value_info("picture", TensorProto.UINT8, [1, 3, 128, 128])
    graph = helper.make_graph(writer.nodes, "face8x", [lr], [sr], writer.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
