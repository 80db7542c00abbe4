"""The shipped network's form, read from its ONNX file: what every peer's own form is made of."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper


@dataclass
class Quantity:
    """What a byte q stands for: scale * (q - zero)."""

    scale: float
    zero: int


@dataclass
class Conv:
    """QLinearConv, 3x3, padded by one pixel, and DepthToSpace by 2 (CRD) where `shuffle`."""

    input: str
    output: str
    weights: np.ndarray  # int8, outputs x inputs x 3 x 3
    weight_scales: np.ndarray  # by output
    bias: np.ndarray  # int32, in units of input scale x weight scale
    stride: int
    shuffle: bool = False

    def transposed(self):
        """The weights of the same as a transposed convolution, 4x4 with stride 2: outputs x inputs
        x 4 x 4, of float. Each of a square's four pixels uses 2x2 of the 3x3 taps, and none of the
        others' multiplications by zero are left. None where a tap outside those 2x2 is not zero.
        """
        outputs, inputs = self.weights.shape[:2]
        real = self.weights * self.weight_scales[:, None, None, None]
        kernel = np.zeros((outputs // 4, inputs, 4, 4))
        for row in range(2):
            for column in range(2):
                phase = real[2 * row + column :: 4]
                used = phase[:, :, row : row + 2, column : column + 2]
                if np.count_nonzero(phase) != np.count_nonzero(used):
                    return None
                # Output (2y + row) gets input (y + row - 1 + k) through tap (3 - row - 2k).
                kernel[:, :, 3 - row :: -2, 3 - column :: -2] = used
        return kernel

    def real_bias(self, input_scale):
        return self.bias * (input_scale * self.weight_scales.astype(np.float64))


@dataclass
class Add:
    """The sum of two tensors, cut at 0."""

    first: str
    second: str
    output: str


class Network:
    """`steps` in order; the last one's output counts levels, and the input's bilinear enlargement
    by 8 is added to it."""

    def __init__(self, path):
        graph = onnx.load(path).graph
        constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        made_by = {name: node for node in graph.node for name in node.output}
        self.quantities = {}
        self.steps = []
        for node in graph.node:
            if node.op_type == "QLinearConv":
                self._conv(node, constants)
            elif node.op_type == "DepthToSpace":
                conv = next(s for s in self.steps if s.output == node.input[0])
                self.quantities[node.output[0]] = self.quantities.pop(conv.output)
                conv.output, conv.shuffle = node.output[0], True
            elif node.op_type == "QuantizeLinear":
                relu = made_by[node.input[0]]
                if relu.op_type == "Relu":
                    sides = [made_by[side] for side in made_by[relu.input[0]].input]
                    self.steps.append(Add(sides[0].input[0], sides[1].input[0], node.output[0]))
                    self._quantity(node.output[0], constants, *node.input[1:3])
        self.input, self.residual = graph.input[0].name, self.steps[-1].output
        if self.quantities[self.residual] != Quantity(1.0, 128):
            raise SystemExit(f"{path}: the last convolution does not count levels around 128")

    def _quantity(self, name, constants, scale, zero):
        self.quantities[name] = Quantity(float(constants[scale]), int(constants[zero]))

    def _conv(self, node, constants):
        names = list(node.input)
        strides = next(helper.get_attribute_value(a) for a in node.attribute if a.name == "strides")
        self._quantity(names[0], constants, names[1], names[2])
        self._quantity(node.output[0], constants, names[6], names[7])
        weights, scales, bias = constants[names[3]], constants[names[4]], constants[names[8]]
        scales = np.broadcast_to(scales, weights.shape[:1])
        self.steps.append(Conv(names[0], node.output[0], weights, scales, bias, strides[0]))


def by_output(kernel, limit=127):
    """A float kernel (outputs first) in whole numbers of -limit to limit, and its scales."""
    scales = np.abs(kernel).reshape(len(kernel), -1).max(axis=1) / limit
    scales[scales == 0] = 1.0
    shape = (-1,) + (1,) * (kernel.ndim - 1)
    return np.rint(kernel / scales.reshape(shape)).astype(np.int8), scales
