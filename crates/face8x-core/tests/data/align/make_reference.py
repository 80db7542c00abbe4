#!/usr/bin/env python3
"""Makes the reference pictures of this folder with Pillow and OpenCV.

usage: make_reference.py ASTRONAUT.PNG

ASTRONAUT.PNG is NASA's portrait of Eileen Collins (public domain), 512x512, as scikit-image ships
it. Needs numpy, Pillow and opencv-python-headless.

photo.png         the part of the portrait that holds the face: the source of the others
crop_N.png        the 128x128 face of photo.png under similarity N of SIMILARITIES: cubic
                  resampling (OpenCV's, a = -0.75) at twice the size, then the mean of 2x2
crop_N_lr.png     Pillow's bicubic reduction of crop_N.png to 16x16, rounded once
blocks_N.png      NxN pixels: blocks of 4x4 whose channels are 48 or 208 at random
blocks_N_lr.png   Pillow's bicubic reduction of blocks_N.png to 16x16
"""
import math
import os
import sys

import cv2
import numpy
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
# Centre of the crop in photo.png (pixel edges), side of the crop in pixels, rotation in degrees.
# The second reaches outside the picture, the third is smaller than the result.
SIMILARITIES = [(104.3, 91.6, 150.0, 0.0), (40.0, 150.25, 130.0, 12.0), (109.7, 88.1, 61.0, -33.0)]


def crop(photo, x, y, side, degrees):
    scale, angle = 128 / side, math.radians(degrees)
    a, b = scale * math.cos(angle), scale * math.sin(angle)
    matrix = numpy.array([[a, -b, 64 - a * x + b * y], [b, a, 64 - b * x - a * y]])
    twice = 2 * matrix
    # OpenCV counts from pixel centres.
    twice[:, 2] += twice[:, :2] @ [0.5, 0.5] - 0.5
    warped = cv2.warpAffine(photo, twice, (256, 256), flags=cv2.INTER_CUBIC,
                            borderMode=cv2.BORDER_REFLECT_101)
    return cv2.resize(warped, (128, 128), interpolation=cv2.INTER_AREA)


def save(name, pixels):
    Image.fromarray(pixels).save(os.path.join(HERE, name + '.png'), optimize=True)


def save_with_lr(name, pixels):
    save(name, pixels)
    # As floats: of bytes Pillow rounds and cuts off between the two directions, too.
    planes = [Image.fromarray(pixels[..., c].astype(numpy.float32)) for c in range(3)]
    planes = [plane.resize((16, 16), Image.Resampling.BICUBIC) for plane in planes]
    lr = numpy.stack([numpy.asarray(plane) for plane in planes], axis=-1)
    save(name + '_lr', (lr.clip(0, 255) + 0.5).astype(numpy.uint8))


photo = numpy.asarray(Image.open(sys.argv[1]).convert('RGB'))[20:220, 120:320]
save('photo', photo)
for i, similarity in enumerate(SIMILARITIES):
    save_with_lr(f'crop_{i}', crop(photo, *similarity))
for side in (64, 128):
    coarse = numpy.random.default_rng(side).integers(0, 2, (side // 4, side // 4, 3), numpy.uint8)
    save_with_lr(f'blocks_{side}', 48 + 160 * coarse.repeat(4, 0).repeat(4, 1))
