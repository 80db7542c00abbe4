"""One peer in a process of its own, with the protocol of examples/measure.rs.

usage: worker.py PEER FORM THREADS MODEL FOLDER"""

import sys
import time
from pathlib import Path

import numpy as np

import network


def onnxruntime_runner(form, threads, model, folder):
    import onnxruntime

    if form == "QDQ":
        import qdq

        model = qdq.write(network.Network(model), folder / "qdq.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    lr, sr = np.zeros((1, 3, 16, 16), np.uint8), np.zeros((1, 3, 128, 128), np.uint8)
    binding = session.io_binding()
    binding.bind_cpu_input(session.get_inputs()[0].name, lr)
    value = onnxruntime.OrtValue.ortvalue_from_numpy(sr)
    binding.bind_ortvalue_output(session.get_outputs()[0].name, value)
    return lr, lambda: session.run_with_iobinding(binding), lambda: value.numpy()


def openvino_runner(form, threads, model, folder):
    import openvino
    import qdq

    transposed = form == "transposed"
    file = qdq.write(network.Network(model), folder / f"openvino-{form}.onnx", transposed)
    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    settings["ENABLE_CPU_PINNING"] = False
    compiled = core.compile_model(core.read_model(file), "CPU", settings)
    lr = np.zeros((1, 3, 16, 16), np.uint8)
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(lr, shared_memory=True))
    return lr, lambda: request.infer(), lambda: request.get_output_tensor().data


def litert_runner(form, threads, model, folder):
    import litert
    from ai_edge_litert.interpreter import Interpreter

    file = litert.write(network.Network(model), folder / f"{form}.tflite", form == "transposed")
    interpreter = Interpreter(model_path=str(file), num_threads=threads)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]
    lr = np.zeros((1, 3, 16, 16), np.uint8)

    def run():
        interpreter.invoke()

    def enter():
        interpreter.set_tensor(source, (lr.transpose(0, 2, 3, 1).astype(np.int16) - 128).astype(np.int8))

    def leave():
        return (interpreter.get_tensor(target).astype(np.int16) + 128).transpose(0, 3, 1, 2)

    return lr, run, leave, enter


def ncnn_runner(form, threads, model, folder):
    import ncnn
    import ncnn_form

    winograd = form == "Winograd"
    path = ncnn_form.write(network.Network(model), folder / f"ncnn-{form}", winograd)
    net = ncnn.Net()
    net.opt.use_winograd_convolution = winograd
    net.opt.num_threads = threads
    if net.load_param(str(path.with_suffix(".param"))) or net.load_model(str(path.with_suffix(".bin"))):
        raise SystemExit("ncnn does not load its files")
    lr = np.zeros((1, 3, 16, 16), np.uint8)
    state = {}

    def run():
        extractor = net.create_extractor()
        extractor.input("input", state["in"])
        state["out"] = extractor.extract("picture")[1]

    def enter():
        # The Mat only points to the array.
        state["planes"] = lr[0].astype(np.float32)
        state["in"] = ncnn.Mat(state["planes"])

    return lr, run, lambda: np.clip(np.rint(np.array(state["out"])), 0, 255)[None], enter


RUNNERS = {
    "onnxruntime": onnxruntime_runner,
    "OpenVINO": openvino_runner,
    "LiteRT": litert_runner,
    "ncnn": ncnn_runner,
}


def main():
    peer, form, threads, model, folder = sys.argv[1:]
    lr, run, leave, *rest = RUNNERS[peer](form, int(threads), Path(model), Path(folder))
    enter = rest[0] if rest else lambda: None
    fixed = (np.arange(768) * 37 % 251).astype(np.uint8).reshape(16, 16, 3).transpose(2, 0, 1)
    lr[0] = fixed
    enter()
    for line in sys.stdin:
        words = line.split()
        if words[0] == "time":
            times = []
            for _ in range(int(words[1])):
                start = time.perf_counter_ns()
                run()
                times.append(time.perf_counter_ns() - start)
            print(*times, flush=True)
        else:
            faces = np.fromfile(words[1], np.uint8).reshape(-1, 16, 16, 3)
            pictures = []
            for face in faces:
                lr[0] = face.transpose(2, 0, 1)
                enter()
                run()
                pictures.append(np.array(leave())[0].astype(np.uint8).transpose(1, 2, 0))
            np.stack(pictures).tofile(words[2])
            lr[0] = fixed
            enter()
            print(len(faces), flush=True)


if __name__ == "__main__":
    main()
