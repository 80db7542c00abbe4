"""The network as ncnn's files: int8 convolutions, float between them where something else follows.
Activations become signed bytes without a zero point there, so its pictures differ more."""

import numpy as np

from network import Conv, by_output

# Marks weights of int8 in the weight file.
INT8 = np.uint32(0x000D4B38)


class Writer:
    def __init__(self, network, winograd):
        self.network, self.winograd = network, winograd
        self.readers = {}
        for step in network.steps:
            for name in [step.input] if isinstance(step, Conv) else [step.first, step.second]:
                self.readers.setdefault(name, []).append(step)
        self.layers, self.weights, self.used = [], [], {}

    def scale(self, name):
        """Of the signed bytes that stand for this tensor's range."""
        quantity = self.network.quantities[name]
        return np.float32(127 / (quantity.scale * max(quantity.zero, 255 - quantity.zero)))

    def layer(self, kind, name, inputs, outputs, parameters=""):
        self.layers.append(f"{kind} {name} {len(inputs)} {len(outputs)} {' '.join(inputs + outputs)} {parameters}")

    def take(self, name):
        """The name for one reader: a tensor with several is split."""
        count = len(self.readers.get(name, [])) + (name == self.network.input)
        if count < 2:
            return name
        self.used[name] = self.used.get(name, 0) + 1
        return f"{name}.{self.used[name]}"

    def split(self, name):
        count = len(self.readers.get(name, [])) + (name == self.network.input)
        if count > 1:
            self.layer("Split", name + ".split", [name], [f"{name}.{k + 1}" for k in range(count)])

    def conv(self, step):
        name, quantities = step.output, self.network.quantities
        relu = quantities[name].zero == 0
        # Between two convolutions alone the bytes are kept.
        readers = self.readers.get(name, [])
        kept = not step.shuffle and len(readers) == 1 and isinstance(readers[0], Conv)
        target = name + ".c" if step.shuffle else name
        fields = {
            0: len(step.weights),
            1: 3,
            3: step.stride,
            4: 1,
            5: 1,
            6: step.weights.size,
            8: 102 if kept else 2,
            9: int(relu),
        }
        self.layer(
            "Convolution", name, [self.take(step.input)], [target], " ".join(f"{k}={v}" for k, v in fields.items())
        )
        weights, scales = step.weights, step.weight_scales
        if self.winograd and step.stride == 1 and min(weights.shape[:2]) >= 16:
            # Its Winograd kernels add these up in 16 bits: its own tool takes 6 bits here.
            weights, scales = by_output(weights * scales[:, None, None, None], 31)
        self.weights.append(INT8.tobytes())
        weights = weights.tobytes()
        self.weights.append(weights + bytes(-len(weights) % 4))
        self.weights.append(step.real_bias(quantities[step.input].scale).astype(np.float32).tobytes())
        self.weights.append((1 / scales).astype(np.float32).tobytes())
        self.weights.append(self.scale(step.input).tobytes())
        if kept:
            self.weights.append(self.scale(name).tobytes())
        if step.shuffle:
            self.layer("PixelShuffle", name + ".shuffle", [target], [name], "0=2")
        self.split(name)

    def add(self, step):
        name = step.output
        self.layer("BinaryOp", name + ".sum", [self.take(step.first), self.take(step.second)], [name + ".sum"], "0=0")
        self.layer("ReLU", name + ".relu", [name + ".sum"], [name])
        self.split(name)


def write(network, path, winograd):
    """Writes the network's files, PATH.param and PATH.bin; with `winograd` for those kernels."""
    writer = Writer(network, winograd)
    writer.layer("Input", "in", [], [network.input], "0=16 1=16 2=3")
    writer.split(network.input)
    for step in network.steps:
        writer.conv(step) if isinstance(step, Conv) else writer.add(step)
    base = writer.take(network.input)
    writer.layer("Interp", "base", [base], ["base"], "0=2 1=8.0 2=8.0")
    writer.layer("BinaryOp", "picture", [network.residual, "base"], ["picture"], "0=0")
    blobs = {blob for layer in writer.layers for blob in layer.split()[4:] if "=" not in blob}
    lines = ["7767517", f"{len(writer.layers)} {len(blobs)}", *writer.layers]
    path.with_suffix(".param").write_text("\n".join(lines) + "\n")
    path.with_suffix(".bin").write_bytes(b"".join(writer.weights))
    return path
