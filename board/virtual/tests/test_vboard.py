"""Tests of the host's side of the virtual board, which need no machine."""

import gzip
import socket
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[1]))

from vboard.expected import keep_best  # noqa: E402
from vboard.initramfs import Archive  # noqa: E402
from vboard.lines import Lines, parse  # noqa: E402
from vboard.modules import depends, plain_name  # noqa: E402
from vboard.panel import CLOCK, DATA, KIND, SELECT, Panel, from_recording, from_trace  # noqa: E402
from vboard.picture import Picture, paeth, unfilter  # noqa: E402

# What a driver sends to set the window to columns 1 to 2 of row 3 and to fill it with red and blue.
SENT = [(0, [0x2A]), (1, [0, 1, 0, 2]), (0, [0x2B]), (1, [0, 3, 0, 3]), (0, [0x2C]),
        (1, [0xF8, 0x00, 0x00, 0x1F])]


def trace():
    """The same as QEMU traces it: one write for each change of a line."""
    lines = []

    def write(mask, value):
        lines.append(f"pl061_write 0x{mask << 2:x} offset 0x{mask << 2:x} value 0x{value:x}")

    for kind, data in SENT:
        write(KIND, KIND if kind else 0)
        write(SELECT, 0)
        for byte in data:
            for bit in range(7, -1, -1):
                write(DATA, DATA if byte >> bit & 1 else 0)
                write(CLOCK, CLOCK)
                write(CLOCK, 0)
        write(SELECT, SELECT)
    # The direction register, which is no line.
    lines.append("pl061_write 0x400 offset 0x400 value 0xff")
    return lines


class PanelTest(unittest.TestCase):
    """The panel's model."""

    def check(self, panel):
        """Two pixels are set, and nothing else."""
        picture = panel.picture()
        at = (3 * 4 + 1) * 3
        self.assertEqual(picture.pixels[at : at + 6], bytes([255, 0, 0, 0, 0, 255]))
        self.assertEqual(sum(picture.pixels), 2 * 255)
        self.assertEqual(panel.bytes, 15)

    def test_trace(self):
        self.check(from_trace(Panel(4, 5), trace()))

    def test_recording(self):
        lines = [f"{'data' if kind else 'command'} {bytes(data).hex(' ')}" for kind, data in SENT]
        self.check(from_recording(Panel(4, 5), lines))


class PictureTest(unittest.TestCase):
    """PNG files and differences."""

    def test_round_trip(self):
        picture = Picture(5, 3, bytes(range(45)))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.png"
            picture.write(path)
            self.assertEqual(Picture.read(path).pixels, picture.pixels)

    def test_filters(self):
        # One row of each filter (0 none, 1 sub, 2 up, 3 average, 4 Paeth), of one pixel of 3 and one more.
        rows = [[0, 9, 9, 9, 8, 8, 8], [1, 1, 1, 1, 1, 1, 1], [2, 1, 1, 1, 1, 1, 1],
                [3, 1, 1, 1, 1, 1, 1], [4, 1, 1, 1, 1, 1, 1]]
        expected = [[9] * 3 + [8] * 3, [1] * 3 + [2] * 3, [2] * 3 + [3] * 3,
                    [2] * 3 + [3] * 3, [3] * 3 + [4] * 3]
        out = unfilter(bytes(sum(rows, [])), 6, 5, 3)
        self.assertEqual(list(out), sum(expected, []))
        self.assertEqual(paeth(1, 5, 5), 1)

    def test_best(self):
        white, grey = Picture(1, 1, bytes([255] * 3)), Picture(1, 1, bytes([128] * 3))
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            keep_best(folder, "a", white)
            self.assertEqual(list(folder.iterdir()), [])
            grey.write(folder / "a-1.png")
            white.write(folder / "a-2.png")
            keep_best(folder, "a", white)
            self.assertEqual(Picture.read(folder / "a.png").pixels, white.pixels)

    def test_difference(self):
        black, grey = Picture(1, 1, bytes(3)), Picture(1, 1, bytes([16, 16, 16]))
        self.assertEqual(black.difference(black), (0, float("inf")))
        worst, psnr = black.difference(grey)
        self.assertEqual((worst, round(psnr, 2)), (16, 24.05))
        self.assertEqual(Picture(1, 1, bytes([255, 0, 0])).grey().pixels, bytes([76] * 3))


class LinesTest(unittest.TestCase):
    """The GPIO lines that the host sets."""

    def test_parse(self):
        self.assertEqual(parse("6 0:2 1:30 0"), (6, [(0, 2), (1, 30), (0, 0)]))

    def test_play(self):
        received = []

        def qemu(server):
            connection, _ = server.accept()
            with connection, connection.makefile("rw") as lines:
                for answer, line in zip(("OK", "FAIL Unknown device"), lines):
                    received.append(line.strip())
                    lines.write(answer + "\n")
                    lines.flush()

        def ask(command, arguments):
            self.assertEqual((command, arguments), ("qom-list", {"path": "/machine/unattached"}))
            return [{"name": "device[6]", "type": "child<pl011>"}, {"name": "device[7]", "type": "child<pl061>"}]

        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
            server.bind(f"{folder}/lines")
            server.listen()
            thread = threading.Thread(target=qemu, args=(server,))
            thread.start()
            lines = Lines(f"{folder}/lines", ask)
            with self.assertRaises(RuntimeError):
                lines.play(6, [(0, 1), (1, 1)])
            thread.join()
        command = "set_irq_in /machine/unattached/device[7] unnamed-gpio-in 6"
        self.assertEqual(received, [f"{command} 0", f"{command} 1"])


class GuestTest(unittest.TestCase):
    """The guest's file system."""

    def test_archive(self):
        archive = Archive()
        archive.file("a/b", b"text", 0o755)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x"
            archive.write(path)
            data = gzip.decompress(path.read_bytes())
        self.assertEqual(len(data) % 4, 0)
        names = [data[at + 110 :].split(b"\0")[0] for at in range(0, len(data), 4)
                 if data[at : at + 6] == b"070701"]
        self.assertEqual(names, [b"a", b"a/b", b"TRAILER!!!"])

    def test_modules(self):
        self.assertEqual(plain_name("kernel/drivers/gpu/virtio-gpu.ko.xz"), "virtio_gpu")
        self.assertEqual(depends(b"x\0depends=drm,virtio-dma-buf\0y"), ["drm", "virtio_dma_buf"])
        self.assertEqual(depends(b"x\0depends=\0y"), [])


if __name__ == "__main__":
    unittest.main()
