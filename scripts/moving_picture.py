#!/usr/bin/env python3
"""Makes README's moving picture: the demo's street with its faces found, and one of them restored.

usage: moving_picture.py [FACE8X] [-o FILE]    target/release/face8x, docs/images/demo-moving.png

It runs face8x on the demo scene, takes a frame each tenth of a second and writes an animated PNG
(https://www.w3.org/TR/png-3/, 11.3.6) of 255 colours. The scene goes by the clock, so that two runs
differ a little. Look at the result before it is committed.
"""

import argparse
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZE = (720, 432)
SECONDS = 8.0
RATE = 10
# The frames of the longest run: the demo gives 30 a second.
FRAMES = int(SECONDS * 30) + 30
COLOURS = 255
# The index of the palette that shows what was there before.
SAME = 255
MAX_BYTES = 3_000_000
SIGNATURE = b"\x89PNG\r\n\x1a\n"
COMMENT = b"Comment\0face8x: a restored face is a plausible guess, never evidence of who somebody is"


def record(program, folder):
    """Runs the demo; the files of the frames to show."""
    tracks = folder / "tracks"
    command = [
        program, "run", "--quiet", "--source", "demo:", "--fps", "30", "--frames", str(FRAMES),
        "--view", "full", "--faces", "5", "--tracks", str(tracks),
        "--sink", f"png:{folder}/%05d.png@{SIZE[0]}x{SIZE[1]}",
    ]
    subprocess.run(command, check=True)
    times = [json.loads(line)["time"] for line in tracks.read_text().splitlines()]
    files = sorted(folder.glob("*.png"))
    if len(files) != len(times):
        sys.exit(f"{len(files)} pictures of {len(times)} frames: the demo was not shown frame by frame")
    # The first half second shows no face yet.
    moments = [times[0] + 0.5 + tick / RATE for tick in range(int(SECONDS * RATE))]
    nearest = [min(range(len(times)), key=lambda k: abs(times[k] - moment)) for moment in moments]
    return [files[k] for k in nearest]


def chunks(data):
    """Types and contents of a PNG file's chunks."""
    at = len(SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def paeth(left, above, corner):
    to = left + above - corner
    distances = abs(to - left), abs(to - above), abs(to - corner)
    return (left, above, corner)[distances.index(min(distances))]


def unfilter(kind, row, above):
    """A row of RGB without its filter (PNG, 9.2)."""
    if kind == 2:
        return bytes((x + a) & 255 for x, a in zip(row, above))
    if kind == 0:
        return row
    row = bytearray(row)
    for k in range(len(row)):
        left, corner = (row[k - 3], above[k - 3]) if k >= 3 else (0, 0)
        guess = {1: left, 3: (left + above[k]) // 2}.get(kind)
        row[k] = (row[k] + (paeth(left, above[k], corner) if guess is None else guess)) & 255
    return bytes(row)


def read_rgb(path):
    """The pixels of an RGB file of 8 bits, a row after the other."""
    parts = list(chunks(path.read_bytes()))
    header = struct.unpack(">IIBB", parts[0][1][:10])
    if header != (*SIZE, 8, 2):
        sys.exit(f"{path}: is not RGB of {SIZE[0]}x{SIZE[1]}")
    packed = zlib.decompress(b"".join(content for kind, content in parts if kind == b"IDAT"))
    length = 3 * SIZE[0]
    rows, above = [], bytes(length)
    for at in range(0, len(packed), length + 1):
        above = unfilter(packed[at], packed[at + 1 : at + 1 + length], above)
        rows.append(above)
    return b"".join(rows)


def keys_of(rgb):
    """Five bits of each channel of each pixel, as one number."""
    return [
        (r & 0xF8) << 7 | (g & 0xF8) << 2 | b >> 3
        for r, g, b in zip(rgb[0::3], rgb[1::3], rgb[2::3])
    ]


def palette_of(counts):
    """At most COLOURS colours for the keys, by median cut, and each key's index.

    A colour weighs by the root of its pixels: a face is small in a street.
    """
    weighed = [((key >> 10, key >> 5 & 31, key & 31), count**0.5) for key, count in counts.items()]
    boxes = [weighed]

    def spread(box):
        """How much of the error is in the channel that varies most, and which that is."""
        if len(box) == 1:
            return 0, 0
        total = sum(weight for _, weight in box)
        variances = []
        for channel in range(3):
            mean = sum(colour[channel] * weight for colour, weight in box) / total
            variances.append(sum((c[channel] - mean) ** 2 * weight for c, weight in box))
        most = max(range(3), key=variances.__getitem__)
        return variances[most], most

    sizes = [spread(weighed)]
    while len(boxes) < COLOURS and max(sizes)[0] > 0:
        at = max(range(len(boxes)), key=lambda k: sizes[k][0])
        channel = sizes[at][1]
        box = sorted(boxes[at], key=lambda entry: entry[0][channel])
        half, total = 0.0, sum(weight for _, weight in box)
        cut = 0
        while cut < len(box) - 1 and (cut == 0 or half + box[cut][1] <= total / 2):
            half += box[cut][1]
            cut += 1
        boxes[at : at + 1] = [box[:cut], box[cut:]]
        sizes[at : at + 1] = [spread(box[:cut]), spread(box[cut:])]
    palette, index = [], {}
    for number, box in enumerate(boxes):
        total = sum(weight for _, weight in box)
        means = (sum(c[k] * weight for c, weight in box) / total for k in range(3))
        # The middle of the 8 levels that five bits stand for.
        palette.append(bytes(min(255, round(8 * mean + 4)) for mean in means))
        for colour, _ in box:
            index[colour[0] << 10 | colour[1] << 5 | colour[2]] = number
    return b"".join(palette), index


def chunk(kind, content):
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def changed_area(before, now):
    """Left, top, width and height of what differs; a pixel where nothing does."""
    width, height = SIZE
    rows, left, right = [], width, 0
    for y in range(height):
        old, new = (picture[y * width : (y + 1) * width] for picture in (before, now))
        if old != new:
            differ = [x for x in range(width) if old[x] != new[x]]
            left, right = min(left, differ[0]), max(right, differ[-1] + 1)
            rows.append(y)
    if not rows:
        return 0, 0, 1, 1
    return left, rows[0], right - left, rows[-1] + 1 - rows[0]


def packed(before, now, area):
    """The area's rows, without a filter; pixels that stay are SAME."""
    left, top, width, height = area
    rows = []
    for y in range(top, top + height):
        at = y * SIZE[0] + left
        new = now[at : at + width]
        if before is not None:
            old = before[at : at + width]
            new = bytes(SAME if a == b else b for a, b in zip(old, new))
        rows.append(b"\0" + new)
    return zlib.compress(b"".join(rows), 9)


def animation(pictures, palette):
    """An animated PNG, played for ever, of pictures of palette indices."""
    header = struct.pack(">IIBBBBB", *SIZE, 8, 3, 0, 0, 0)
    parts = [
        SIGNATURE, chunk(b"IHDR", header), chunk(b"tEXt", COMMENT),
        chunk(b"acTL", struct.pack(">II", len(pictures), 0)),
        chunk(b"PLTE", palette.ljust(3 * 256, b"\0")), chunk(b"tRNS", b"\xff" * SAME + b"\0"),
    ]
    number, before = 0, None
    for now in pictures:
        area = (0, 0, *SIZE) if before is None else changed_area(before, now)
        left, top, width, height = area
        # Nothing is cleared behind a frame, and the next is laid over it.
        control = struct.pack(">IIIIIHHBB", number, width, height, left, top, 1, RATE, 0, 1)
        parts.append(chunk(b"fcTL", control))
        content = packed(before, now, area)
        if before is None:
            parts.append(chunk(b"IDAT", content))
            number += 1
        else:
            parts.append(chunk(b"fdAT", struct.pack(">I", number + 1) + content))
            number += 2
        before = now
    return b"".join([*parts, chunk(b"IEND", b"")])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    program, out = ROOT / "target/release/face8x", ROOT / "docs/images/demo-moving.png"
    parser.add_argument("program", nargs="?", default=program, metavar="FACE8X")
    parser.add_argument("-o", dest="out", type=pathlib.Path, default=out, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = record(arguments.program, pathlib.Path(folder))
        frames = [keys_of(read_rgb(path)) for path in files]
    counts = {}
    for keys in frames:
        for key in keys:
            counts[key] = counts.get(key, 0) + 1
    palette, index = palette_of(counts)
    file = animation([bytes(map(index.__getitem__, keys)) for keys in frames], palette)
    if len(file) > MAX_BYTES:
        sys.exit(f"{len(file)} bytes are more than {MAX_BYTES}: show fewer SECONDS or a smaller SIZE")
    arguments.out.write_bytes(file)
    print(f"{arguments.out}: {len(frames)} frames, {len(file)} bytes")


if __name__ == "__main__":
    main()
