"""What an SPI panel shows, from what it was sent: a model of the memory of a MIPI DCS controller."""

import re

from .picture import Picture

# Lines of the PL061 that the panel hangs on (guest/tests.sh and device_tree.py name them too).
CLOCK, DATA, SELECT, KIND = 1 << 0, 1 << 1, 1 << 2, 1 << 4

# MIPI DCS commands.
COLUMNS, ROWS, WRITE = 0x2A, 0x2B, 0x2C

WRITE_LINE = re.compile(r"pl061_write.*offset 0x([0-9a-f]+) value 0x([0-9a-f]+)")


class Panel:
    """A controller with a memory of 16 bits a pixel."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.memory = [0] * (width * height)
        self.command, self.arguments, self.high = None, [], None
        self.left, self.right, self.top, self.bottom = 0, width - 1, 0, height - 1
        self.x = self.y = 0
        self.bytes = 0

    def take(self, byte, is_data):
        """A byte from the bus."""
        self.bytes += 1
        if not is_data:
            self.command, self.arguments, self.high = byte, [], None
            if byte == WRITE:
                self.x, self.y = self.left, self.top
        elif self.command == WRITE:
            self._pixel(byte)
        else:
            self.arguments.append(byte)
            if len(self.arguments) == 4:
                first, second = ((self.arguments[i] << 8) | self.arguments[i + 1] for i in (0, 2))
                if self.command == COLUMNS:
                    self.left, self.right = first, second
                elif self.command == ROWS:
                    self.top, self.bottom = first, second

    def _pixel(self, byte):
        if self.high is None:
            self.high = byte
            return
        if self.x < self.width and self.y < self.height:
            self.memory[self.y * self.width + self.x] = (self.high << 8) | byte
        self.high = None
        self.x += 1
        if self.x > self.right:
            self.x, self.y = self.left, self.y + 1
            if self.y > self.bottom:
                self.y = self.top

    def picture(self):
        """What it shows, in 8 bits a colour."""
        pixels = bytearray()
        for pixel in self.memory:
            red, green, blue = pixel >> 11, (pixel >> 5) & 63, pixel & 31
            pixels += bytes((red * 255 // 31, green * 255 // 63, blue * 255 // 31))
        return Picture(self.width, self.height, bytes(pixels))


def from_trace(panel, lines):
    """Feeds `panel` from QEMU's trace of the PL061: spi-gpio moves each bit by writes to it."""
    state = bits = byte = 0
    for line in lines:
        match = WRITE_LINE.search(line)
        if not match:
            continue
        offset, value = int(match[1], 16), int(match[2], 16)
        if offset > 0x3FC:
            continue
        # The data register's address bits 2 to 9 say which lines a write sets (PL061 manual, 3.3.2).
        mask = offset >> 2
        new = (state & ~mask) | (value & mask)
        if new & SELECT:
            bits = 0
        elif new & CLOCK and not state & CLOCK:
            byte = ((byte << 1) | bool(new & DATA)) & 0xFF
            bits += 1
            if bits == 8:
                panel.take(byte, bool(new & KIND))
                bits = 0
        state = new
    return panel


def from_recording(panel, lines):
    """Feeds `panel` from what the sink test: wrote down."""
    for line in lines:
        word, *numbers = line.split()
        for number in numbers:
            panel.take(int(number, 16), word == "data")
    return panel
