"""Pictures: PNG files read and written, and how far two of them are apart."""

import math
import struct
import zlib


class Picture:
    """`width` x `height` pixels of three bytes, red first."""

    def __init__(self, width, height, pixels):
        self.width = width
        self.height = height
        self.pixels = pixels

    @classmethod
    def read(cls, path):
        """Reads a PNG file of 8 bits with or without alpha (PNG specification, 3rd edition)."""
        data = path.read_bytes()
        if data[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError(f"{path} is not a PNG file")
        at, packed = 8, b""
        while at < len(data):
            length, kind = struct.unpack(">I4s", data[at : at + 8])
            body = data[at + 8 : at + 8 + length]
            if kind == b"IHDR":
                width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
                if depth != 8 or colour not in (2, 6) or interlaced:
                    raise ValueError(f"{path}: unsupported depth {depth} and colour type {colour}")
            elif kind == b"IDAT":
                packed += body
            at += 12 + length
        channels = 3 if colour == 2 else 4
        rows = unfilter(zlib.decompress(packed), width * channels, height, channels)
        if channels == 4:
            del rows[3::4]
        return cls(width, height, bytes(rows))

    def write(self, path):
        """Writes a PNG file."""
        stride = self.width * 3
        rows = b"".join(b"\0" + self.pixels[y * stride : (y + 1) * stride] for y in range(self.height))

        def chunk(kind, body):
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                         + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b""))

    def top(self, rows):
        """The first `rows` of it."""
        return Picture(self.width, rows, self.pixels[: self.width * 3 * rows])

    def grey(self):
        """The same picture without its colours (ITU-R BT.601's luma)."""
        reds, greens, blues = (self.pixels[i::3] for i in range(3))
        greys = bytes((299 * r + 587 * g + 114 * b + 500) // 1000
                      for r, g, b in zip(reds, greens, blues))
        return Picture(self.width, self.height, bytes(v for grey in greys for v in (grey,) * 3))

    def difference(self, other):
        """The largest difference of a byte, and the PSNR in dB, of two pictures of one size."""
        histogram = [0] * 256
        for a, b in zip(self.pixels, other.pixels):
            histogram[abs(a - b)] += 1
        worst = max(d for d, count in enumerate(histogram) if count)
        square = sum(count * d * d for d, count in enumerate(histogram)) / len(self.pixels)
        return worst, math.inf if square == 0 else 10 * math.log10(255 * 255 / square)


def unfilter(data, stride, height, step):
    """Undoes the filters of PNG's rows (specification, section 9)."""
    out = bytearray()
    above = bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        kind = data[start]
        row = bytearray(data[start + 1 : start + 1 + stride])
        if kind == 1:
            for x in range(step, stride):
                row[x] = (row[x] + row[x - step]) & 255
        elif kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, above))
        elif kind == 3:
            for x in range(stride):
                left = row[x - step] if x >= step else 0
                row[x] = (row[x] + (left + above[x]) // 2) & 255
        elif kind == 4:
            for x in range(stride):
                left = row[x - step] if x >= step else 0
                corner = above[x - step] if x >= step else 0
                row[x] = (row[x] + paeth(left, above[x], corner)) & 255
        out += row
        above = row
    return out


def paeth(left, above, corner):
    """The neighbour that is nearest to left + above - corner."""
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))
