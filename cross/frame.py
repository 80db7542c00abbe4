#!/usr/bin/env python3
"""Instructions of a whole frame, stage by stage, on ARM: the shipped program runs the demo scene under
qemu-user, a plugin counts. Prints a table; with --write it goes to docs/arm-frame.md, with --check
stages that changed by more than 3 % are named (a note: the exit status stays 0).

Exits with 77 if packages that it needs cannot be fetched."""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import typing
from collections import Counter
from pathlib import Path

from kernels import AARCH64, ARMV7, LLVM, ROOT, Architecture, run
from stages import MARKS, STAGES, Symbols, code_start, compiled_plugin, read_counts, stage_map

TABLE = ROOT / "docs" / "arm-frame.md"
# A stage that changed by more than this share is named.
TOLERANCE = 0.03
FRAMES = 60
JPEG_START = b"\xff\xd8\xff"


class Machine(typing.NamedTuple):
    """A processor that qemu-user plays."""

    architecture: Architecture
    processor: str


MACHINES = {
    "smull": Machine(AARCH64, "cortex-a53"),
    "sdot": Machine(AARCH64, "cortex-a76"),
    "vmull": Machine(ARMV7, "cortex-a7"),
}
FORMS, FACES = ["YUYV", "MJPG"], [1, 4]


class Board(typing.NamedTuple):
    """A board: its clock, and instructions a cycle between which an estimate lies."""

    name: str
    kernel: str
    gigahertz: float
    least: float
    most: float


# The upper bounds are those of the engine's inner loops in llvm-mca's models (docs/arm-kernels.md: 72
# instructions in 72 cycles on a Cortex-A53, in 32 on a Cortex-A72, 86 in 34 on a Cortex-A76); the
# lower ones are the half of them, for data that is not in the first cache. A Cortex-A57 decodes as
# many instructions a cycle as a Cortex-A72.
BOARDS = [
    Board("Raspberry Pi Zero 2 W (A53)", "smull", 1.0, 0.5, 1.0),
    Board("Raspberry Pi Zero 2 W, 32-bit system", "vmull", 1.0, 0.5, 1.0),
    Board("Raspberry Pi 3B (A53)", "smull", 1.2, 0.5, 1.0),
    Board("Raspberry Pi 3B+ (A53)", "smull", 1.4, 0.5, 1.0),
    Board("Jetson Nano (A57)", "smull", 1.43, 1.1, 2.2),
    Board("Raspberry Pi 4 (A72)", "smull", 1.5, 1.1, 2.2),
    Board("Raspberry Pi 4, later systems (A72)", "smull", 1.8, 1.1, 2.2),
    Board("Raspberry Pi 5 (A76)", "sdot", 2.4, 1.25, 2.5),
]


def build(architecture, profile):
    """The program in a profile, with symbols and the lines of the app's code, which release has anyway; neither
    changes its code."""
    run(ROOT / "cross" / "toolchain.sh", architecture.target)
    tools = [f"llvm-{LLVM}", "qemu-user", "gcc", "libc6-dev", f"binutils-{architecture.binutils}"]
    run(ROOT / "scripts" / "install.sh", *tools)
    command = ["build", "--quiet", "--profile", profile, "--bin", "face8x"]
    if profile == "shipped":
        package = "profile.shipped.package.face8x"
        command += ["--config", f'{package}.debug="line-tables-only"', "--config", f'{package}.strip="none"']
    run(ROOT / "cross" / "cargo.sh", architecture.target, *command, cwd=ROOT)
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / architecture.target / profile
    # Under its own name, so that nobody ships it; the other profile's may be in use.
    take = shutil.move if profile == "shipped" else shutil.copy2
    return Path(take(folder / "face8x", folder / "face8x-counted"))


def count(machine, program, symbols, ranges, plugin, form, frames, faces, folder):
    """Runs the program on a film, and counts."""
    listing, out = folder / "map", folder / "counts"
    marks = {symbols.start_of(name): name for name in MARKS}
    lines = [f"{start:#x} {end:#x} {stage}" for start, end, stage in ranges + [(at, at, 1) for at in marks]]
    listing.write_text("\n".join([code_start(program, machine.architecture), *lines]) + "\n")
    qemu = [machine.architecture.emulator.removesuffix("-static"), "-L", f"/usr/{machine.architecture.binutils}"]
    qemu += ["-cpu", machine.processor, "-plugin", f"{plugin},map={listing},out={out}"]
    options = ["--source", "-", "--format", form, "--sink", "null", "--faces", str(faces)]
    command = [*qemu, str(program), "run", *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | {"RUST_LOG": "error"})
    with process.stdin as camera:
        for number, frame in enumerate(frames):
            camera.write(frame)
            camera.flush()
            if number == 0:
                # The first search prepares its networks, which takes as long as many frames.
                wait_for_search(process)
    if process.wait() != 0:
        raise SystemExit(f"the program failed under qemu-user as a {machine.processor}")
    return read_counts(out, marks, symbols)


def wait_for_search(process):
    """Until the detector's thread has worked and stands still."""
    before, now = -1, 0
    while process.poll() is None and not before == now > os.sysconf("SC_CLK_TCK"):
        time.sleep(1)
        before, now = now, sum(map(ticks_of_detector, Path(f"/proc/{process.pid}/task").iterdir()))


def ticks_of_detector(task):
    """The processor time of a thread, if it is the detector's."""
    try:
        name, rest = (task / "stat").read_text().split("(", 1)[1].rsplit(") ", 1)
    except FileNotFoundError:  # It has ended.
        return 0
    return sum(map(int, rest.split()[11:13])) if name == "detector" else 0


def film(form, count):
    """The first frames of the demo scene, each as a camera sends it."""
    program = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "examples" / "film"
    command = [str(program), form, str(count)]
    data = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    if form == "MJPG":
        return [JPEG_START + picture for picture in data.split(JPEG_START)[1:]]
    size = len(data) // count
    return [data[at : at + size] for at in range(0, len(data), size)]


def collect(options):
    """A row for each machine and case: a stage's million instructions a frame, those of a search."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        machines = {kernel: MACHINES[kernel] for kernel in options.kernels}
        programs = {}
        for architecture in {machine.architecture for machine in machines.values()}:
            program = build(architecture, options.profile)
            symbols = Symbols(program, architecture)
            programs[architecture] = (program, symbols, stage_map(program, symbols))
        run(ROOT / "scripts" / "all.sh", "build", "--quiet", "--example", "film", cwd=ROOT)
        plugin = compiled_plugin(folder)
        films = {form: film(form, FRAMES) for form in FORMS}
        for kernel, form, faces in itertools.product(machines, FORMS, options.faces):
            machine = machines[kernel]
            counted = count(machine, *programs[machine.architecture], plugin, form, films[form], faces, folder)
            rows.append(row_of(options.profile, kernel, form, faces, counted))
            if options.functions:
                print_functions(rows[-1], counted)
    return rows


def row_of(profile, kernel, form, faces, counted):
    """Means in million instructions, of the frames in which somebody was seen."""
    frames, searches = len(counted.frames), len(counted.searches)
    if not frames:
        raise SystemExit(f"{kernel}, {form}: nobody was found in {FRAMES} frames")
    stages = {
        stage: round(sum(frame[number] for frame in counted.frames) / frames / 1e6, 3)
        for number, stage in enumerate(STAGES, 1)
    }
    # A slow machine may end none but the first, which is left out.
    stages["search"] = round(sum(counted.searches) / searches / 1e6, 3) if searches else None
    restored = round(sum(counted.faces) / frames, 2)
    case = {"profile": profile, "kernel": kernel, "form": form, "faces": faces, "restored": restored}
    return case | {"frames": frames, "searches": searches, "stages": stages}


def key_of(row):
    return row["profile"], row["kernel"], row["form"], row["faces"]


def print_functions(row, counted):
    """The functions that take most of each stage, in million instructions of all frames together."""
    print(*key_of(row))
    for stage in STAGES:
        print(f"  {stage}: {row['stages'][stage]} million")
        mine = Counter({name: n for (of, name), n in counted.functions.items() if of == stage})
        for name, instructions in mine.most_common(12):
            print(f"    {instructions / 1e6:9.1f} {name[:110]}")


def whole(row):
    """Million instructions of the work thread a frame."""
    return sum(value for stage, value in row["stages"].items() if stage != "search")


def render(rows):
    lines = [
        "# What a frame costs on ARM",
        "",
        "No board was used: instructions are counted under qemu-user. A figure that changes shows that a stage changed; how",
        "long it takes on a board has to be measured there. Made by `make cross-frame ARGS=--write`; do not edit.",
        "`cross/frame.py --check` compares; `make test` does so with the profile `release`, which is built sooner and whose figures",
        "stand only in the list at the end.",
        "",
        "The program, built as it is shipped, runs the first frames of the demo scene at 640x480, as a camera sends them: YUYV,",
        "or MJPG with half the columns of chroma. It restores at most one face or four (`--faces`) on one thread and composes the",
        "view side-by-side; nothing is displayed (`--sink null`). Frames without a face are left out, and so is the camera. A stage",
        "is its statement in `src/pipeline`, with all functions that it calls; `loop` is what is left of the work thread. A search",
        "runs beside the frames, on another core, and not in every frame: it is counted by itself.",
        "",
        "| kernel | camera | frames | faces | " + " | ".join(STAGES[:-1]) + " | a frame | a search |",
        "|---" * (len(STAGES) + 5) + "|",
    ]
    for row in (row for row in rows if row["profile"] == "shipped"):
        stages = [f"{row['stages'][stage]:.2f}" for stage in STAGES[:-1]]
        faces = f"{row['restored']:.2f}"
        search = f"{row['stages']['search']:.0f}" if row["searches"] else ""
        cells = [row["kernel"], row["form"], str(row["frames"]), faces, *stages, f"{whole(row):.2f}", search]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        "Million instructions; means over the frames. smull and sdot are the engine's kernels for aarch64 without and with",
        "dot products, vmull that for armv7.",
        "",
        "MJPG is decoded whole and in full colour: zune-jpeg, which decodes it, has no reduced scales (1/2, 1/4, 1/8), and most",
        "views show the whole picture. Of its instructions about 4 in 10 read the Huffman codes, which any scale needs, 3 in 10",
        "are the inverse cosine transform, and 2 in 10 widen and convert the colours.",
        "",
        "## What that means on boards",
        "",
        "**Estimated, not measured**: milliseconds of a frame at the board's clock. The first figure is for as many instructions",
        "a cycle as llvm-mca's models give the engine's inner loops ([What the ARM kernels cost](arm-kernels.md)): 1.0 on a Cortex-A53,",
        "2.2 on a Cortex-A72, 2.5 on a Cortex-A76. The second figure is for half as many, because data is not always in the first cache: that",
        "half is an assumption. A Cortex-A57 is taken for a Cortex-A72, which decodes as many instructions a cycle. Heat, the",
        "camera, the display and the search are left out.",
        "",
        "| board | GHz | kernel | " + " | ".join(f"{form}, --faces {n}" for form in FORMS for n in FACES) + " |",
        "|---" * (3 + len(FORMS) * len(FACES)) + "|",
    ]
    found = {key_of(row): whole(row) for row in rows}
    for board in (board for board in BOARDS if board.kernel in {row["kernel"] for row in rows}):
        cells = [board.name, str(board.gigahertz), board.kernel]
        for form, faces in itertools.product(FORMS, FACES):
            millions = found.get(("shipped", board.kernel, form, faces), 0)
            least, most = (millions / rate / board.gigahertz for rate in (board.most, board.least))
            cells.append(f"{least:.0f} to {most:.0f}" if millions else "")
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "```json", "[", ",\n".join(map(json.dumps, rows)), "]", "```", ""]
    return "\n".join(lines)


def written():
    """The rows of the table as it is."""
    return json.loads(TABLE.read_text().split("```json\n")[1].split("\n```")[0])


def check(rows):
    """Prints which stages differ from the table."""
    old = {key_of(row): row["stages"] for row in written()}
    for row in rows:
        if key_of(row) not in old:
            print(f"note: docs/arm-frame.md has no row of {', '.join(map(str, key_of(row)))}")
        for stage, new in row["stages"].items():
            before = old.get(key_of(row), {}).get(stage)
            if new is None or before is None:
                continue
            # Below 10,000 instructions a stage has nothing to do.
            if abs(new - before) > max(TOLERANCE * before, 0.01):
                case = ", ".join(map(str, key_of(row)))
                print(f"note: {case}: {stage}: {new} million instructions, in docs/arm-frame.md {before}")


def main():
    def listed(kind, known):
        """Some of the known values, with commas between them."""
        return lambda text: [known[known.index(kind(word))] for word in text.split(",")]

    kernels = list(MACHINES)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", type=listed(str, kernels), default=kernels, help="some of " + ",".join(kernels))
    parser.add_argument("--faces", type=listed(int, FACES), default=FACES, help="1, 4 or 1,4 (the default)")
    parser.add_argument(
        "--profile",
        choices=["shipped", "release"],
        default="shipped",
        help="release is built in minutes less and costs other instructions; its rows are for --check alone",
    )
    parser.add_argument("--functions", action="store_true", help="print the functions that take most")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--write", action="store_true", help="write it to docs/arm-frame.md; other rows stay")
    mode.add_argument("--check", action="store_true", help="compare with docs/arm-frame.md")
    options = parser.parse_args()
    try:
        rows = collect(options)
    except subprocess.CalledProcessError as error:
        if error.returncode == 77:
            print("skipped: counting a frame: its packages cannot be fetched here")
        sys.exit(error.returncode)
    if options.check:
        check(rows)
    elif options.write:
        # What was not counted stays.
        found = {key_of(row): row for row in written() + rows}
        TABLE.write_text(render(list(found.values())))
    else:
        print(render(rows))


if __name__ == "__main__":
    main()
