"""Sets the input lines of the board's GPIO controller, as a button or a wire outside would.

QEMU has no command for that but in its protocol for tests of devices (qtest), which it speaks beside
a machine that runs as usual, too.
"""

import socket
import time


class Lines:
    """The lines of the machine's PL061."""

    def __init__(self, path, ask):
        """The protocol is spoken on the socket `path`; `ask`, of the monitor, finds the controller."""
        devices = ask("qom-list", {"path": "/machine/unattached"})
        self.name = next(d["name"] for d in devices if d["type"] == "child<pl061>")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(path))
            # Which keeps the connection.
            self.stream = connection.makefile("rw", encoding="ascii")

    def play(self, number, levels):
        """Sets line `number` to each of `levels`: (level, milliseconds until the next one)."""
        for level, milliseconds in levels:
            self._set(number, level)
            time.sleep(milliseconds / 1000)

    def _set(self, number, level):
        command = f"set_irq_in /machine/unattached/{self.name} unnamed-gpio-in {number} {level}"
        self.stream.write(command + "\n")
        self.stream.flush()
        answer = self.stream.readline().strip()
        if answer != "OK":
            raise RuntimeError(f"{command}: QEMU answers {answer!r}")


def parse(text):
    """Reads "LINE LEVEL[:MILLISECONDS]...": the line's number, and levels with their times."""
    number, *levels = text.split()
    pairs = (level.partition(":") for level in levels)
    return int(number), [(int(level), int(time or 0)) for level, _, time in pairs]
