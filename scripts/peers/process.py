"""What peers.py and detect.py share: the peers' packages, face8x's measuring programs, and processes that
answer commands by lines."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = ROOT / ".cache" / "peers"


def prepare(cache, groups):
    """Makes the virtual environment; gives its Python, and reasons for the peers left out. `groups` are
    packages from PyPI, without further dependencies, each with the peer that needs them, or "" where
    nothing goes without."""
    python = cache / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", cache / "venv"], check=True)
    absent = {}
    for peer, packages in groups:
        stamp = cache / "venv" / ("installed-" + packages.replace(" ", "-"))
        if stamp.exists():
            continue
        print(f"installing {packages}", file=sys.stderr)
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
        command = [python, "-m", "pip", "install", *options, *packages.split()]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode == 0:
            stamp.touch()
        elif peer:
            absent[peer] = f"PyPI has no wheel of {packages} for this machine"
        else:
            raise SystemExit(f"{packages} cannot be installed:\n{done.stderr}")
    return python, absent


def build(example, *options):
    """An example of face8x's, built for measuring."""
    cargo = [ROOT / "scripts" / "cargo.sh", "build", "--quiet", "--release", *options, "--example", example]
    subprocess.run(cargo, check=True, cwd=ROOT)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / example


class Worker:
    """A process that keeps to these CPUs."""

    def __init__(self, command, cpus):
        pinned = lambda: os.sched_setaffinity(0, cpus)
        # Its log is wanted where it fails alone.
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, **pipes, text=True, preexec_fn=pinned)

    def ask(self, command):
        """The line that answers a command."""
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self.process.stdout.readline()
        if not answer:
            reason = self.process.stderr.read().strip().splitlines()
            raise RuntimeError(reason[-1] if reason else "it ended without a word")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
