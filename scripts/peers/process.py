"""What peers.py and detect.py share: the peers' packages, face8x's measuring programs, and processes that
answer commands by lines."""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = ROOT / ".cache" / "peers"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# Other programs' share of the processors' time that needs no word.
TOLERATED = 0.05


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
            absent[peer] = f"PyPI has no wheels of {packages} for this machine and Python"
        else:
            raise SystemExit(f"{packages} cannot be installed:\n{done.stderr}")
    return python, absent


def build(example, *options):
    """An example of face8x's, built for measuring."""
    cargo("build", "--quiet", "--release", *options, "--example", example)
    return TARGET / "release" / "examples" / example


def rust_worker():
    """The worker of rust/, built for measuring, and SeetaFace's model in the source of the crate rustface."""
    manifest = ["--manifest-path", HERE / "rust" / "Cargo.toml", "--locked"]
    cargo("build", "--quiet", "--release", *manifest, "--target-dir", TARGET / "peers")
    packages = json.loads(cargo("metadata", "--format-version", "1", *manifest))["packages"]
    crate = next(Path(p["manifest_path"]).parent for p in packages if p["name"] == "rustface")
    return TARGET / "peers" / "release" / "face8x-peers", crate / "model" / "seeta_fd_frontal_v1.0.bin"


def cargo(*arguments):
    command = [ROOT / "scripts" / "cargo.sh", *arguments]
    return subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout


def other_work():
    """The share of the processors' time that other programs take while every engine waits."""

    def counts():
        times = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(times), times[3] + times[4]

    # Threads that still spin are this program's own.
    time.sleep(0.5)
    (before, idle_before), _, (after, idle_after) = counts(), time.sleep(1), counts()
    return 1 - (idle_after - idle_before) / max(after - before, 1)


def versions(python, names):
    """Those of the packages that are there, each with its version."""
    script = "import importlib.metadata as m, sys\nfor p in sys.argv[1:]:\n try: print(p, m.version(p))\n except m.PackageNotFoundError: pass"
    return subprocess.run([python, "-c", script, *names], capture_output=True, text=True).stdout.split("\n")[:-1]


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.split(":")[1].strip() for line in lines if line.startswith(("model name", "Model", "Hardware"))]
    return named[-1] if named else platform.machine()


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
