"""The network as a LiteRT file: bytes around int8 operators, channels last. Its numbers are the
shipped ones (a byte less 128), written without a converter."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from network import Conv, Quantity, by_output


class Writer:
    def __init__(self, network, transposed):
        self.network, self.use_transposed = network, transposed
        self.tensors, self.operators, self.codes = [], [], []
        self.buffers = [schema.BufferT()]
        self.known = {}

    def tensor(self, name, shape, kind, quantities=None, axis=0, data=None):
        """Adds a tensor; `quantities` is a Quantity or scales by channel."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, 0
        if quantities is not None:
            numbers = schema.QuantizationParametersT()
            if isinstance(quantities, Quantity):
                numbers.scale, numbers.zeroPoint = [quantities.scale], [quantities.zero - 128]
            else:
                numbers.scale, numbers.zeroPoint = list(quantities), [0] * len(quantities)
                numbers.quantizedDimension = axis
            tensor.quantization = numbers
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            self.buffers.append(buffer)
            tensor.buffer = len(self.buffers) - 1
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def bytes(self, name, side, channels, quantity=None):
        quantity = quantity or self.network.quantities[name]
        self.known[name] = self.tensor(name, [1, side, side, channels], schema.TensorType.INT8, quantity)
        return self.known[name]

    def shape(self, name):
        return self.tensors[self.known[name]].shape

    def integers(self, name, values):
        values = np.array(values, np.int32)
        return self.tensor(name, values.shape, schema.TensorType.INT32, data=values)

    def operator(self, kind, options, inputs, output, version=1, **fields):
        """Adds an operator; `kind` names it and `options` its table of options."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
        self.codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = len(self.codes) - 1, inputs, [output]
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
        operator.builtinOptions = getattr(schema, options + "T")()
        for field, value in fields.items():
            setattr(operator.builtinOptions, field, value)
        self.operators.append(operator)

    def conv(self, step):
        transposed = step.transposed() if step.shuffle and self.use_transposed else None
        if transposed is not None:
            return self.transposed_conv(step, transposed)
        name, side = step.output, self.shape(step.input)[1]
        order = np.arange(len(step.weights))
        if step.shuffle:
            # DepthToSpace counts the square's pixels first here (DCR), the shipped file last.
            order = order.reshape(-1, 4).T.reshape(-1)
        quantity = self.network.quantities[name]
        channels = len(order)
        weights, scales, bias = step.weights[order], step.weight_scales[order], step.bias[order]
        inputs = [self.known[step.input], *self.weights(step, weights.transpose(0, 2, 3, 1), scales, bias)]
        padding = schema.Padding.SAME
        if step.stride == 2:
            # SAME would pad one side alone.
            inputs[0], padding = self.padded(step.input), schema.Padding.VALID
        target = self.bytes(name + ".c" if step.shuffle else name, side // step.stride, channels, quantity)
        self.operator(
            "CONV_2D", "Conv2DOptions", inputs, target, 3, padding=padding, strideH=step.stride, strideW=step.stride
        )
        if step.shuffle:
            folded = self.bytes(name, 2 * side, channels // 4)
            self.operator("DEPTH_TO_SPACE", "DepthToSpaceOptions", [target], folded, 2, blockSize=2)

    def weights(self, step, weights, scales, bias):
        input_scale = self.network.quantities[step.input].scale
        scales = np.asarray(scales, np.float32)
        return [
            self.tensor(step.output + ".w", weights.shape, schema.TensorType.INT8, scales, data=weights),
            self.tensor(
                step.output + ".b", bias.shape, schema.TensorType.INT32, scales * np.float32(input_scale), data=bias
            ),
        ]

    def padded(self, name):
        _, side, _, channels = self.shape(name)
        margins = self.integers(name + ".margins", [[0, 0], [1, 1], [1, 1], [0, 0]])
        output = self.bytes(name + ".padded", side + 2, channels, self.network.quantities[name])
        self.operator("PAD", "PadOptions", [self.known[name], margins], output, 2)
        return output

    def transposed_conv(self, step, kernel):
        name, side, scale = step.output, self.shape(step.input)[1], self.network.quantities[step.input].scale
        weights, scales = by_output(kernel)
        bias = np.rint(step.real_bias(scale)[::4] / (scale * scales)).astype(np.int32)
        size = self.integers(name + ".size", [1, 2 * side, 2 * side, len(weights)])
        parameters = self.weights(step, weights.transpose(0, 2, 3, 1), scales, bias)
        output = self.bytes(name, 2 * side, len(weights))
        inputs = [size, parameters[0], self.known[step.input], parameters[1]]
        self.operator(
            "TRANSPOSE_CONV", "TransposeConvOptions", inputs, output, 3, padding=schema.Padding.SAME, strideH=2, strideW=2
        )

    def add(self, step):
        shape = self.shape(step.first)
        output = self.bytes(step.output, shape[1], shape[3])
        inputs = [self.known[step.first], self.known[step.second]]
        relu = schema.ActivationFunctionType.RELU
        self.operator("ADD", "AddOptions", inputs, output, 2, fusedActivationFunction=relu)

    def picture(self):
        levels = Quantity(1.0, 0)
        base, output = self.bytes("base", 128, 3, levels), self.bytes("picture", 128, 3, levels)
        size = self.integers("base.size", [128, 128])
        self.operator(
            "RESIZE_BILINEAR", "ResizeBilinearOptions", [self.known[self.network.input], size], base, 3, halfPixelCenters=True
        )
        self.operator("ADD", "AddOptions", [self.known[self.network.residual], base], output, 2)


def write(network, path, transposed=False):
    """Writes the network's file; with `transposed`, upsampling as transposed convolutions."""
    writer = Writer(network, transposed)
    writer.bytes(network.input, 16, 3)
    for step in network.steps:
        writer.conv(step) if isinstance(step, Conv) else writer.add(step)
    writer.picture()
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = writer.tensors, writer.operators
    graph.inputs, graph.outputs = [writer.known[network.input]], [writer.known["picture"]]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, writer.codes, [graph], writer.buffers
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path
