"""Tests of the script that makes README's moving picture: what it writes is read again."""

import pathlib
import struct
import sys
import unittest
import zlib
from unittest import mock

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SCRIPTS))
sys.dont_write_bytecode = True

import moving_picture  # noqa: E402

SIZE = (5, 4)


def played(file):
    """The pictures of an animated PNG whose frames are laid over each other."""
    width, height = SIZE
    canvas, pictures, sequence = bytearray(width * height), [], 0
    for kind, content in moving_picture.chunks(file):
        if kind == b"fcTL":
            number, columns, rows, left, top = struct.unpack(">IIIII", content[:20])
            assert number == sequence
            sequence += 1
        if kind == b"fdAT":
            assert struct.unpack(">I", content[:4])[0] == sequence
            sequence += 1
            content = content[4:]
        if kind in (b"IDAT", b"fdAT"):
            pixels = zlib.decompress(content)
            for y in range(rows):
                row = pixels[y * (columns + 1) + 1 : (y + 1) * (columns + 1)]
                for x, colour in enumerate(row):
                    if colour != moving_picture.SAME:
                        canvas[(top + y) * width + left + x] = colour
            pictures.append(bytes(canvas))
    return pictures


class MovingPicture(unittest.TestCase):
    def test_what_is_written_plays_the_same_pictures(self):
        first = bytes(range(20))
        second = first[:7] + b"\x63" + first[8:13] + b"\x62" + first[14:]
        # Nothing changes in the third.
        pictures = [first, second, second, first]
        with mock.patch.object(moving_picture, "SIZE", SIZE):
            file = moving_picture.animation(pictures, b"\x01\x02\x03" * 255)
            self.assertEqual(moving_picture.changed_area(first, second), (2, 1, 2, 2))
        self.assertEqual(played(file), pictures)
        self.assertIn(b"never evidence", file)

    def test_rows_of_each_filter_are_read(self):
        above, row = bytes(range(10, 22)), bytes(range(200, 212))

        def before(k, r):
            return r[k - 3] if k >= 3 else 0

        predictors = {
            0: lambda k: 0,
            1: lambda k: before(k, row),
            2: lambda k: above[k],
            3: lambda k: (before(k, row) + above[k]) // 2,
            4: lambda k: moving_picture.paeth(before(k, row), above[k], before(k, above)),
        }
        for kind, predicted in predictors.items():
            filtered = bytes((x - predicted(k)) & 255 for k, x in enumerate(row))
            self.assertEqual(moving_picture.unfilter(kind, filtered, above), row, kind)
        # The one above wins over the corner where both are as near (PNG, 9.4).
        self.assertEqual(moving_picture.paeth(7, 1, 5), 1)

    def test_colours_are_near_what_they_stand_for(self):
        rgb = bytes((x * 7 + c * 40) % 256 for x in range(400) for c in range(3))
        keys = moving_picture.keys_of(rgb)
        palette, index = moving_picture.palette_of({key: keys.count(key) for key in keys})
        self.assertLessEqual(len(palette), 3 * moving_picture.COLOURS)
        for at, key in enumerate(keys):
            colour = palette[3 * index[key] : 3 * index[key] + 3]
            for got, wanted in zip(colour, rgb[3 * at : 3 * at + 3]):
                self.assertLessEqual(abs(got - wanted), 8)


if __name__ == "__main__":
    unittest.main()
