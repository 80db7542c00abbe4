#!/usr/bin/env python3
"""Stands in for systemd in a root folder: runs ExecStart of the installed face8x.service with a
notification socket, waits until it is ready and has fed its watchdog, and stops it by SIGTERM.

usage: manager.py ROOT

Exit code: 0 where all of that happened, the program's own where it ended by itself, 1 otherwise.
"""

import configparser
import os
import shlex
import signal
import socket
import subprocess
import sys

# Of the whole, in seconds: an emulated processor loads the network slowly.
PATIENCE = 120


def exec_start(root):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(os.path.join(root, "usr/lib/systemd/system/face8x.service"))
    return shlex.split(unit["Service"]["ExecStart"])


def hear(manager, program, wanted):
    """Prints messages until all of `wanted` came; False where the program ended or none come."""
    missing = set(wanted)
    while missing:
        try:
            message = manager.recv(4096).decode()
        except TimeoutError:
            if program.poll() is not None:
                return False
            manager.silent += 1
            if manager.silent > PATIENCE:
                return False
            continue
        for line in message.splitlines():
            print(line)
            missing.discard(line)
    return True


class Manager(socket.socket):
    """The datagram socket in the root; counts the seconds without a message."""

    def __init__(self, path):
        super().__init__(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.silent = 0
        self.bind(path)
        self.settimeout(1)


def main():
    root = sys.argv[1]
    path = os.path.join(root, "run/face8x-notify")
    manager = Manager(path)
    try:
        return manage(manager, root)
    finally:
        os.remove(path)


def manage(manager, root):
    program = subprocess.Popen(
        ["chroot", root] + exec_start(root),
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "NOTIFY_SOCKET": "/run/face8x-notify",
            "WATCHDOG_USEC": "1000000",
        },
    )
    ready = hear(manager, program, ["READY=1", "WATCHDOG=1"])
    if not ready:
        # What it said before it ended.
        hear(manager, program, ["nothing"])
    elif hear(manager, program, ["WATCHDOG=1"]):
        program.send_signal(signal.SIGTERM)
        ready = hear(manager, program, ["STOPPING=1"])
    else:
        ready = False
    try:
        code = program.wait(PATIENCE if ready else 5)
    except subprocess.TimeoutExpired:
        program.kill()
        return 1
    return code if code or ready else 1


sys.exit(main())
