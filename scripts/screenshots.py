#!/usr/bin/env python3
"""Makes the pictures of the views in docs/images from a frame of the demo scene: one sheet a view, with
the screens side by side, and the view as a picture of 800x480. Needs Pillow.

usage: screenshots.py [FACE8X [VIEW...]]    target/release/face8x, all views

The scene goes by the clock, so that two runs differ a little. Look at the results before they are
committed.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
VIEWS = {"side-by-side": 1, "restored": 1, "strip": 3, "in-place": 5, "full": 1}
# Screens, and how much smaller the sheet shows them.
SCREENS = [(1920, 1080, 4), (1080, 1920, 4), (800, 480, 2), (480, 320, 2), (320, 240, 2), (128, 160, 1)]
# The demo's visitor is near then.
FRAMES = 140
GAP = 10
PAPER = (255, 255, 255)


def run(program, source, path, size, *more):
    """How many faces the picture shows: a busy machine may find none in time."""
    command = [program, "run", "--quiet", "--json", "--source", source, "--sink", f"png:{path}@{size[0]}x{size[1]}"]
    done = subprocess.run([*command, *more], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])["faces"]


def demo_frame(program, folder):
    """A frame of the demo: of the view that shows it as it is, where no face is restored."""
    path = folder / "frame.png"
    nothing = ("--view", "in-place", "--mark", "off", "--detector", "box:2,2,12,12")
    run(program, "demo:", path, (640, 480), "--fps", "30", "--frames", str(FRAMES), *nothing)
    return path


def shot(program, frame, view, size, folder):
    path = folder / "shot.png"
    flags = ("--view", view, "--faces", str(VIEWS[view]))
    if not any(run(program, str(frame), path, size, *flags) for _ in range(5)):
        sys.exit(f"no face was found for {view} at {size[0]}x{size[1]}: is the machine busy?")
    return Image.open(path).convert("RGB")


def sheet(pictures):
    """The pictures beside each other, their lower edges in line."""
    width = sum(picture.width + GAP for picture in pictures) - GAP
    height = max(picture.height for picture in pictures)
    paper = Image.new("RGB", (width, height), PAPER)
    x = 0
    for picture in pictures:
        paper.paste(picture, (x, height - picture.height))
        x += picture.width + GAP
    return paper


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/face8x"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        frame = demo_frame(program, folder)
        for view in sys.argv[2:] or VIEWS:
            pictures = []
            for width, height, factor in SCREENS:
                picture = shot(program, frame, view, (width, height), folder)
                if (width, height) == (800, 480):
                    name = "demo" if view == "side-by-side" else f"view-{view}"
                    lean = picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3)
                    lean.save(IMAGES / f"{name}.png", optimize=True)
                pictures.append(picture.reduce(factor))
            sheet(pictures).save(IMAGES / f"sizes-{view}.jpg", quality=82)


if __name__ == "__main__":
    main()
