"""BlazeFace's anchors, and what its numbers mean: as MediaPipe's SsdAnchorsCalculator and
TensorsToDetectionsCalculator are set in its graphs of short and full range. Lengths are pixels of the
square picture that the network takes."""

from itertools import groupby

# The picture's side, the layers' strides, and the anchors of a layer at one place.
FORMS = {
    "short": (128, [8, 16, 16, 16], 2),
    "full": (192, [4], 1),
}


def anchors(side, strides, each):
    """The anchors' centres in the order of the network's outputs: layers of one stride that follow each
    other take turns at each place."""
    centres = []
    for stride, layers in groupby(strides):
        count = each * len(list(layers))
        middles = [(cell + 0.5) * stride for cell in range(side // stride)]
        centres += [(x, y) for y in middles for x in middles for _ in range(count)]
    return centres


def face(anchor, numbers):
    """The box (left, top, right, bottom) and the six points: the eyes, the left one of the picture
    first, the nose, the mouth and the ears."""
    pairs = list(zip(numbers[::2], numbers[1::2]))
    x, y = (a + n for a, n in zip(anchor, pairs[0]))
    width, height = pairs[1]
    points = [(anchor[0] + dx, anchor[1] + dy) for dx, dy in pairs[2:]]
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2), points
