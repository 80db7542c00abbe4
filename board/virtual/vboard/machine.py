"""The emulated machine: QEMU, its serial console and its monitor.

The guest speaks to the host in lines on the serial console that begin with "@@":

    @@ pass NAME            a check that held
    @@ fail NAME: REASON    a check that did not
    @@ shot NAME [ID]       take a screenshot (of the display with this ID); wait for a line
    @@ line N LEVEL[:MS]... set GPIO line N to these levels, each for so many milliseconds; wait for a line
    @@ end                  all is done
"""

import json
import os
import re
import socket
import subprocess
import threading
import time

from .lines import Lines, parse

# What a kernel says when it is broken.
BROKEN = re.compile(r"Kernel panic|Oops|BUG:|Internal error|kernel BUG")


def find_qemu(folder):
    """QEMU's command and environment: that which was unpacked into `folder`, or the installed one."""
    program = folder / "usr/bin/qemu-system-aarch64"
    if not program.exists():
        return ["qemu-system-aarch64"], dict(os.environ)
    libraries = [folder / "usr/lib/x86_64-linux-gnu", folder / "lib/x86_64-linux-gnu"]
    return [program, "-L", folder / "usr/share/qemu"], dict(
        os.environ,
        LD_LIBRARY_PATH=":".join(map(str, libraries)),
        QEMU_MODULE_DIR=str(libraries[0] / "qemu"),
    )


class Machine:
    """A `qemu` that runs until its guest says that all is done."""

    def __init__(self, cache, folder, arguments):
        self.folder = folder
        self.monitor_path = folder / "monitor"
        self.lines_path = folder / "lines"
        self.command, self.environment = find_qemu(cache / "qemu")
        self.command += arguments
        self.monitor = None
        self.lines = None

    def run_once(self, *more):
        """Runs QEMU with `more` arguments to its end."""
        subprocess.run([*self.command, *more], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def run(self, report, seconds, *more):
        """Boots and takes down what the guest says; stops the machine after `seconds`."""
        command = [
            *self.command, *more, "-display", "none", "-serial", "stdio", "-monitor", "none",
            "-qmp", f"unix:{self.monitor_path},server=on,wait=off", "-no-reboot",
            "-qtest", f"unix:{self.lines_path},server=on,wait=off", "-qtest-log", "none",
        ]
        process = subprocess.Popen(command, env=self.environment, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        late = threading.Timer(seconds, process.kill)
        late.start()
        start = time.monotonic()
        ended = False
        try:
            with open(self.folder / "console.log", "w", encoding="utf-8") as log:
                for raw in process.stdout:
                    line = raw.decode("utf-8", "replace").rstrip()
                    print(f"{time.monotonic() - start:8.2f} {line}", file=log, flush=True)
                    if self._hear(line, process, report):
                        ended = True
                        break
        finally:
            late.cancel()
            process.kill()
            process.wait()
        report.check("the guest came to its end", ended,
                     f"see {self.folder / 'console.log'}; it was stopped after {seconds} s at most")

    def _hear(self, line, process, report):
        """Does what a line of the console says; true where it was the last."""
        if BROKEN.search(line):
            report.fail("kernel", line)
        if "@@ " not in line:
            return False
        word, _, rest = line.split("@@ ", 1)[1].partition(" ")
        if word == "pass":
            report.ok(rest)
        elif word == "fail":
            name, _, reason = rest.partition(": ")
            report.fail(name, reason)
        elif word == "shot":
            name, _, display = rest.partition(" ")
            self._screenshot(name, display)
        elif word == "line":
            self._move_line(rest)
        if word in ("shot", "line"):
            process.stdin.write(b"\n")
            process.stdin.flush()
        return word == "end"

    def _screenshot(self, name, display):
        arguments = {"filename": str(self.folder / f"{name}.png"), "format": "png"}
        if display:
            arguments["device"] = display
        self._ask("screendump", arguments)

    def _move_line(self, text):
        self.lines = self.lines or Lines(self.lines_path, self._ask)
        self.lines.play(*parse(text))

    def _ask(self, command, arguments):
        self.monitor = self.monitor or Monitor(self.monitor_path)
        return self.monitor.ask(command, arguments)


class Monitor:
    """QEMU's machine protocol (QMP): a line of JSON asks, a line of JSON answers."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rw", encoding="utf-8")
        self.lines.readline()
        self.ask("qmp_capabilities", {})

    def ask(self, command, arguments):
        """The answer to a command; events in between are left out."""
        self.lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.lines.flush()
        for line in self.lines:
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise RuntimeError(f"{command}: QEMU has ended")
