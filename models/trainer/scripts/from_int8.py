"""Makes float weights of an int8 file, to go on training (`train --init`) where those are lost.

usage: from_int8.py INT8.onnx WEIGHTS.safetensors

Needs numpy, onnx and safetensors.
"""

import sys

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

# The integer network counts pictures in levels, the float one in level / 255.
LEVELS = 255
IN, OUT = {"stem": LEVELS}, {"out": LEVELS}

graph = onnx.load(sys.argv[1]).graph
constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
weights = {}
for node in (node for node in graph.node if node.op_type == "QLinearConv"):
    x_scale, w, w_scale, bias = (constants[node.input[k]] for k in (1, 3, 4, 8))
    name = node.output[0]
    units = IN.get(name, 1) / OUT.get(name, 1)
    kernels = w * w_scale[:, None, None, None] * units
    weights[f"{name}.w"] = kernels.astype(np.float32)
    weights[f"{name}.b"] = (bias * (x_scale * w_scale) / OUT.get(name, 1)).astype(np.float32)
save_file(weights, sys.argv[2])
