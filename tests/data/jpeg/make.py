#!/usr/bin/env python3
"""Makes the JPEG files of this folder, one of every kind, and decoded.png: what djpeg makes of them, one below
the other, in the order of their names.

Needs cjpeg, djpeg and jpegtran (Debian: libjpeg-turbo-progs) and ImageMagick's convert (imagemagick).
The picture is 35x27 pixels: no whole number of blocks, whatever the sampling.

usage: tests/data/jpeg/make.py
"""

import pathlib
import subprocess

FOLDER = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 35, 27

# Sampling factors of Y, Cb, Cr, as `cjpeg -sample` takes them.
SAMPLINGS = {
    "444": "1x1,1x1,1x1",
    "422": "2x1,1x1,1x1",
    "420": "2x2,1x1,1x1",
    "440": "1x2,1x1,1x1",
    "411": "4x1,1x1,1x1",
    "410": "4x2,1x1,1x1",
    "441": "1x4,1x1,1x1",
    "mixed": "2x2,2x1,1x2",
    "uneven": "2x2,2x1,1x1",
    "fine-chroma": "1x1,2x2,2x2",
    "all-1x2": "1x2,1x2,1x2",
    "all-2x1": "2x1,2x1,2x1",
    "3x1": "3x1,1x1,1x1",
    "1x3": "1x3,1x1,1x1",
}
# Orders of the components' scans, as `cjpeg -scans` takes them.
SCANS = {"one-each": "0; 1; 2;", "turned": "0; 2; 1;", "two": "0; 1 2;", "two-one": "0 1; 2;", "chroma-first": "1; 2; 0;"}
SCANNED = ["444", "422", "420", "440", "fine-chroma"]


def run(*arguments, data=None):
    return subprocess.run(arguments, input=data, stdout=subprocess.PIPE, check=True).stdout


def picture():
    """Smooth colours, so that every decoder's way to enlarge chroma gives much the same."""
    rgb = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            rgb += bytes([6 * x + 20, 8 * y + 20, 220 - 3 * x - 3 * y])
    return b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + bytes(rgb)


def cjpeg(*arguments):
    return run("cjpeg", "-quality", "95", *arguments, data=picture())


def scans(text, *arguments):
    script = FOLDER / "scans.txt"
    script.write_text(text)
    jpeg = cjpeg("-scans", str(script), *arguments)
    script.unlink()
    return jpeg


def four_channels():
    """ImageMagick writes CMYK as inverted YCCK with Adobe's marker, as Photoshop does."""
    ppm, jpeg = FOLDER / "picture.ppm", FOLDER / "ycck.jpg"
    ppm.write_bytes(picture())
    run("convert", str(ppm), "-colorspace", "CMYK", "-quality", "95", str(jpeg))
    ppm.unlink()
    return jpeg.read_bytes()


def segments(jpeg):
    """(marker, start, end) of every segment up to the first scan's."""
    at, found = 2, []
    while True:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        found.append((jpeg[at + 1], at, end))
        if jpeg[at + 1] == 0xDA:
            return found
        at = end


def without(jpeg, marker):
    keep = [jpeg[start:end] for kind, start, end in segments(jpeg) if kind != marker]
    return jpeg[:2] + b"".join(keep) + jpeg[segments(jpeg)[-1][2] :]


def with_frame_header(jpeg, change):
    """The JPEG with its frame header changed: SOF marker, precision, height, ..."""
    _, start, end = next(s for s in segments(jpeg) if 0xC0 <= s[0] <= 0xCF and s[0] not in (0xC4, 0xC8, 0xCC))
    header = bytearray(jpeg[start:end])
    change(header)
    return jpeg[:start] + bytes(header) + jpeg[end:]


def kinds():
    for name, sampling in SAMPLINGS.items():
        yield f"baseline-{name}", cjpeg("-sample", sampling)
        yield f"progressive-{name}", cjpeg("-sample", sampling, "-progressive")
    for name in SCANNED:
        for scan, text in SCANS.items():
            yield f"scans-{scan}-{name}", scans(text, "-sample", SAMPLINGS[name])
    for name in ["444", "422"]:
        yield f"scans-restart-blocks-{name}", scans("0; 1; 2;", "-sample", SAMPLINGS[name], "-restart", "2B")
        yield f"scans-restart-rows-{name}", scans("0; 1 2;", "-sample", SAMPLINGS[name], "-restart", "1")
        each = "0: 0-0, 0, 0; 1: 0-0, 0, 0; 2: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;"
        yield f"progressive-restart-{name}", scans(each, "-sample", SAMPLINGS[name], "-restart", "2B")
    yield "grey-restart", cjpeg("-grayscale", "-sample", "2x2", "-restart", "3B")
    yield "restart-blocks", cjpeg("-sample", "2x2", "-restart", "1B")
    yield "restart-rows", cjpeg("-sample", "2x2", "-restart", "1")
    yield "restart-progressive", cjpeg("-sample", "2x2", "-progressive", "-restart", "2B")
    yield "optimised", cjpeg("-sample", "2x2", "-optimize")
    yield "arithmetic", cjpeg("-sample", "2x2", "-arithmetic")
    yield "arithmetic-progressive", cjpeg("-sample", "2x2", "-arithmetic", "-progressive")
    yield "extended", run("cjpeg", "-quality", "6", data=picture())
    yield "grey", cjpeg("-grayscale")
    yield "grey-2x2", cjpeg("-grayscale", "-sample", "2x2")
    yield "grey-progressive", cjpeg("-grayscale", "-progressive")
    yield "without-tables", without(cjpeg("-sample", "2x1"), 0xC4)
    yield "without-jfif", without(cjpeg("-sample", "2x1"), 0xE0)
    ycck = four_channels()
    yield "ycck", ycck
    adobe = ycck.index(b"Adobe") + 11  # the byte that says which colours the channels are
    yield "cmyk", ycck[:adobe] + b"\0" + ycck[adobe + 1 :]
    yield "cmyk-without-adobe", without(ycck, 0xEE)
    rgb = cjpeg("-rgb", "-sample", "1x1")
    yield "rgb-adobe", rgb
    yield "rgb-by-names", without(rgb, 0xEE)
    base = cjpeg("-sample", "2x2")

    def set_byte(at, value):
        def change(header):
            header[at] = value

        return change

    def no_height(header):
        header[5:7] = b"\0\0"

    yield "refused-lossless", with_frame_header(base, set_byte(1, 0xC3))
    yield "refused-hierarchical", with_frame_header(base, set_byte(1, 0xC5))
    yield "refused-12-bit", with_frame_header(base, set_byte(4, 12))
    yield "refused-no-height", with_frame_header(base, no_height)


def djpeg(path):
    """djpeg writes CMYK as RGB only where it is not asked for RGB, and grey as RGB only where it is."""
    to_rgb = ["-rgb"] if "grey" in path.name else []
    return run("djpeg", *to_rgb, "-pnm", str(path))


def main():
    for old in FOLDER.glob("*.jpg"):
        old.unlink()
    sheet, rows = b"", 0
    for name, jpeg in sorted(kinds()):
        path = FOLDER / f"{name}.jpg"
        path.write_bytes(jpeg)
        if not name.startswith("refused"):
            sheet += djpeg(path)[-3 * WIDTH * HEIGHT :]
            rows += HEIGHT
    header = b"P6\n%d %d\n255\n" % (WIDTH, rows)
    run("convert", "-", "-strip", f"PNG24:{FOLDER / 'decoded.png'}", data=header + sheet)


main()
