"""The pictures of detect.py, and one of its peers with the protocol of the example search of face8x-core.

usage: detect_worker.py scenes PORTRAIT FOLDER
       detect_worker.py photographs PHOTOGRAPHS FOLDER WIDTH
       detect_worker.py onnxruntime|OpenCV|libfacedetection MODEL ZOOM
       detect_worker.py BlazeFace MODEL FORM"""

import json
import sys
import time
from pathlib import Path

import blazeface
import numpy as np

SIZE = (640, 480)
SIDES = [12, 16, 24, 32, 48, 96]
SCENES, COLUMNS, ROWS = 4, 4, 3
# The centre and the side of the crop in the portrait, from its landmarks.
CENTRE, SIDE = (225.3, 100.6), 199.0
CONFIDENCE, OVERLAP = 0.6, 0.3
STRIDES = [8, 16, 32]
PHOTOGRAPHS = [".jpg", ".jpeg", ".png", ".webp"]
# Where a crop has its landmarks: the eyes, the nose, and the corners of the mouth or its middle.
CORNERS = np.array([[50, 65], [78, 65], [64, 83], [52, 95], [76, 95]], float)
MIDDLE = np.array([[50, 65], [78, 65], [64, 83], [64, 95]], float)


def ground(rng):
    """Contrast as in natural pictures: most of it in large parts."""
    from PIL import Image

    total = np.full((SIZE[1], SIZE[0], 3), 127.0)
    for octave in range(7):
        cells = (2 + (3 << octave), 2 + (4 << octave))
        own, common = rng.normal(0, 1, (*cells, 3)), rng.normal(0, 1, (*cells, 1))
        levels = np.clip(128 + 40 * (0.4 * own + 0.9 * common), 0, 255).astype(np.uint8)
        large = np.asarray(Image.fromarray(levels).resize(SIZE, Image.BILINEAR), float)
        total += (large - 128) * 0.7**octave
    return total


def scenes(portrait, folder):
    """Writes the pictures, and prints where their faces are: {side: [(file, size, [(x, y, side)])]}."""
    from PIL import Image

    folder.mkdir(exist_ok=True)
    picture = Image.open(portrait).convert("RGB")
    made = {}
    for side in [*SIDES, 0]:
        made[side] = []
        for number in range(SCENES):
            rng = np.random.default_rng(1000 * side + number)
            scene, faces = ground(rng), []
            for k in range(COLUMNS * ROWS if side else 0):
                cell = (SIZE[0] / COLUMNS, SIZE[1] / ROWS)
                scale = SIDE / side
                room = [max(0, length - 1.5 * side) for length in cell]
                x = (k % COLUMNS + 0.5) * cell[0] + room[0] * (rng.random() - 0.5)
                y = (k // COLUMNS + 0.5) * cell[1] + room[1] * (rng.random() - 0.5)
                paste(scene, picture, x, y, side, scale)
                faces.append((x, y, side))
            levels = np.clip(np.rint(scene + rng.normal(0, 2, scene.shape)), 0, 255).astype(np.uint8)
            file = folder / f"{side}-{number}.rgb"
            levels.tofile(file)
            made[side].append((str(file), SIZE, faces))
    print(json.dumps(made))


def photographs(source, folder, width):
    """Writes the photographs below a folder, made `width` pixels wide where they are wider, and prints where:
    [(file, size)]. What Pillow cannot read is left out."""
    from PIL import Image

    folder.mkdir(exist_ok=True)
    made = []
    for path in sorted(path for path in Path(source).rglob("*") if path.suffix.lower() in PHOTOGRAPHS):
        try:
            picture = Image.open(path).convert("RGB")
        except OSError as error:
            print(f"left out {path}: {error}", file=sys.stderr)
            continue
        picture.thumbnail((width, 4 * width), Image.LANCZOS)
        file = folder / f"{len(made)}.rgb"
        file.write_bytes(picture.tobytes())
        made.append((str(file), picture.size))
    print(json.dumps(made))


def paste(scene, picture, x, y, side, scale):
    """Puts the portrait's head there, the middle of its crop at (x, y); what surrounds it fades out."""
    from PIL import Image

    left, top = int(x - side), int(y - side)
    count = int(2 * side) + 2
    # What each pixel shows of the portrait.
    box = [CENTRE[0] + (left - x) * scale, CENTRE[1] + (top - y) * scale]
    box += [box[0] + count * scale, box[1] + count * scale]
    shift = [max(0, -box[0] / scale), max(0, -box[1] / scale)]
    first = [int(np.ceil(s)) for s in shift]
    size = [min(count, int((length - b) / scale)) - f for length, b, f in zip(picture.size, box[:2], first)]
    part = [box[0] + first[0] * scale, box[1] + first[1] * scale]
    part += [part[0] + size[0] * scale, part[1] + size[1] * scale]
    face = np.asarray(picture.resize(size, Image.BOX if scale > 2 else Image.BICUBIC, box=part), float)
    rows = np.arange(size[1]) + top + first[1] + 0.5
    columns = np.arange(size[0]) + left + first[0] + 0.5
    far = np.maximum(abs(columns[None] - x), abs(rows[:, None] - y)) / side
    weight = np.clip((1 - far) / 0.2, 0, 1)[..., None]
    inside = [slice(max(0, int(v[0])), int(v[-1]) + 1) for v in (rows, columns)]
    skip = [int(inside[0].start - int(rows[0])), int(inside[1].start - int(columns[0]))]
    target = scene[inside[0], inside[1]]
    face, weight = (v[skip[0]:, skip[1]:][: target.shape[0], : target.shape[1]] for v in (face, weight))
    target[:] = target * (1 - weight) + face * weight


def crop_of(points):
    """The centre and the side of the crop of five landmarks, or of four with the mouth's middle."""
    p, q = points @ [1, 1j], (CORNERS if len(points) == 5 else MIDDLE) @ [1, 1j]
    a = ((q - q.mean()) * np.conj(p - p.mean())).sum() / (abs(p - p.mean()) ** 2).sum()
    centre = (64 + 64j - (q.mean() - a * p.mean())) / a
    return centre.real, centre.imag, 128 / abs(a)


def by_onnxruntime(model):
    """A search of a picture (rows x columns x blue, green, red) by an ONNX file of YuNet's form: the
    landmarks of each face."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    names = [output.name for output in session.get_outputs()]

    def find(bgr):
        kind = np.float32 if source.type == "tensor(float)" else np.uint8
        # Both sides are multiples of the largest stride.
        bgr = np.pad(bgr, [(0, -length % STRIDES[-1]) for length in bgr.shape[:2]] + [(0, 0)])
        fed = np.ascontiguousarray(bgr.transpose(2, 0, 1)[None], kind)
        made = dict(zip(names, session.run(names, {source.name: fed})))
        return suppressed(*decoded(made, bgr.shape[1]))

    return find


def decoded(made, width):
    boxes, scores, points = [], [], []
    for stride in STRIDES:
        head = {}
        for kind in ["cls", "obj", "bbox", "kps"]:
            values = made[f"{kind}_{stride}"]
            if values.ndim == 4:  # logits, by channel
                values = values.reshape(values.shape[1], -1).T
                if kind in ("cls", "obj"):
                    values = 1 / (1 + np.exp(-values))
            head[kind] = values.reshape(-1, values.shape[-1])
        anchors = np.stack(np.divmod(np.arange(len(head["cls"])), width // stride)[::-1], 1)
        score = np.sqrt(head["cls"][:, 0] * head["obj"][:, 0])
        kept = score >= CONFIDENCE
        anchors, box, kps = anchors[kept], head["bbox"][kept], head["kps"][kept]
        centre, size = (anchors + box[:, :2]) * stride, np.exp(box[:, 2:]) * stride
        boxes.append(np.concatenate([centre - size / 2, centre + size / 2], 1))
        points.append((kps.reshape(-1, 5, 2) + anchors[:, None]) * stride)
        scores.append(score[kept])
    return np.concatenate(boxes), np.concatenate(scores), np.concatenate(points)


def suppressed(boxes, scores, points):
    kept = []
    for k in np.argsort(-scores):
        if all(overlap(boxes[k], boxes[other]) <= OVERLAP for other in kept):
            kept.append(k)
    return points[kept]


def overlap(a, b):
    inner = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner)


def by_opencv(model):
    import cv2

    cv2.setNumThreads(1)
    detector = cv2.FaceDetectorYN.create(model, "", SIZE, CONFIDENCE, OVERLAP, 5000)

    def find(bgr):
        detector.setInputSize((bgr.shape[1], bgr.shape[0]))
        made = detector.detect(bgr)[1]
        return [] if made is None else made[:, 4:14].reshape(-1, 5, 2)

    return find


def by_libfacedetection(_):
    from yuface import yuface

    # It takes a row to be as long as four columns are high: that is right for pictures of 4:3.
    def find(bgr):
        made = yuface.detect(bgr)
        return made[made[:, 0] >= 100 * CONFIDENCE, 5:15].reshape(-1, 5, 2).astype(float)

    return find


def by_litert(model, form):
    """A search of a picture made to BlazeFace's size: the eyes, the nose and the mouth of each face."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=1)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    # The scores are one number an anchor, the boxes and points sixteen.
    outputs = sorted(interpreter.get_output_details(), key=lambda output: output["shape"][-1])
    anchors = blazeface.anchors(*blazeface.FORMS[form])
    least = np.log(CONFIDENCE / (1 - CONFIDENCE))

    def find(picture):
        interpreter.set_tensor(source, picture)
        interpreter.invoke()
        scores, numbers = (interpreter.get_tensor(output["index"])[0] for output in outputs)
        kept = np.flatnonzero(scores[:, 0] >= least)
        faces = [blazeface.face(anchors[k], numbers[k]) for k in kept]
        boxes, points = (np.array(part) for part in zip(*faces)) if faces else (np.zeros((0, 4)), np.zeros((0, 6, 2)))
        return suppressed(boxes, scores[kept, 0], points[:, :4])

    return find


def enlarged(rgb, zoom):
    """Blue, green and red of the picture, and how many times it is larger."""
    from PIL import Image

    size = (rgb.shape[1] * zoom, rgb.shape[0] * zoom)
    picture = rgb if zoom == 1 else np.asarray(Image.fromarray(rgb).resize(size, Image.BILINEAR))
    return np.ascontiguousarray(picture[:, :, ::-1]), zoom


def squared(rgb, side):
    """The picture in the upper part of a square of BlazeFace's size, from -1 to 1, and the ratio of sizes."""
    from PIL import Image

    ratio = side / max(rgb.shape[:2])
    size = [round(length * ratio) for length in rgb.shape[1::-1]]
    square = Image.new("RGB", (side, side))
    square.paste(Image.fromarray(rgb).resize(size, Image.BILINEAR))
    return np.asarray(square, np.float32)[None] / 127.5 - 1, ratio


def serve(made_ready, find):
    rgb = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "find":
            rgb = np.fromfile(words[1], np.uint8).reshape(int(words[3]), int(words[2]), 3)
            picture, ratio = made_ready(rgb)
            crops = [crop_of(points / ratio) for points in find(picture)]
            print(*(number for crop in crops for number in crop), flush=True)
        else:
            times = []
            for _ in range(int(words[1])):
                # The picture's change of size is not timed: it would be that of another library.
                picture, _ = made_ready(rgb)
                start = time.perf_counter_ns()
                find(picture)
                times.append(time.perf_counter_ns() - start)
            print(*times, flush=True)


def main():
    kind, model, form, *width = sys.argv[1:]
    if kind == "scenes":
        scenes(model, Path(form))
    elif kind == "photographs":
        photographs(model, Path(form), *map(int, width))
    elif kind == "BlazeFace":
        side = blazeface.FORMS[form][0]
        serve(lambda rgb: squared(rgb, side), by_litert(model, form))
    else:
        find = {"onnxruntime": by_onnxruntime, "OpenCV": by_opencv, "libfacedetection": by_libfacedetection}[kind](model)
        serve(lambda rgb: enlarged(rgb, int(form)), find)


if __name__ == "__main__":
    main()
