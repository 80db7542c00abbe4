#!/usr/bin/env python3
"""What the ARM kernels cost, without a board: instructions per restored face and per search, counted
under qemu-user, and llvm-mca's cycles of each inner loop as compiled. Writes docs/arm-kernels.md; with
--check compares with it instead."""

import argparse
import json
import os
import re
import subprocess
import sys
import typing
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "arm-kernels.md"
# The first LLVM with models of newer cores that both Debian 12 and Ubuntu 24.04 have.
LLVM = "19"

# Multiply-adds of an instruction.
PRODUCTS = {"smull": 8, "smull2": 8, "smlal": 8, "smlal2": 8, "sdot": 16, "usmmla": 32, "vmull.s8": 8, "vmlal.s8": 8}


class Architecture(typing.NamedTuple):
    """What builds, runs and disassembles programs of an architecture."""

    target: str
    emulator: str
    binutils: str
    triple: str
    attributes: str


AARCH64 = Architecture(
    "aarch64-unknown-linux-gnu", "qemu-aarch64-static", "aarch64-linux-gnu", "aarch64", "+dotprod,+i8mm"
)
ARMV7 = Architecture(
    "armv7-unknown-linux-gnueabihf", "qemu-arm-static", "arm-linux-gnueabihf", "armv7-linux-gnueabihf", "+neon"
)


class Kernel(typing.NamedTuple):
    """A kernel: the processor that qemu-user plays so that it is chosen, its multiplications, and what
    its inner loop has and those of other code with the same multiplications have not."""

    name: str
    architecture: Architecture
    processor: str
    products: tuple
    mark: str


KERNELS = [
    Kernel("smull", AARCH64, "cortex-a53", ("smull", "smull2", "smlal", "smlal2"), "sadalp"),
    Kernel("sdot", AARCH64, "cortex-a76", ("sdot",), "eor"),
    Kernel("usmmla", AARCH64, "max", ("usmmla",), "usmmla"),
    Kernel("vmull", ARMV7, "cortex-a7", ("vmull.s8", "vmlal.s8"), "vpadal.s16"),
]
# The loops of depthwise convolutions; smull's are those of every aarch64 processor.
DEPTHWISE = {
    "smull": Kernel("smull", AARCH64, "cortex-a53", ("smull", "smull2", "smlal", "smlal2"), "saddw"),
    "vmull": Kernel("vmull", ARMV7, "cortex-a7", ("vmull.s8", "vmlal.s8"), "vaddw.s16"),
}
# Cores, the models of LLVM that stand for them, and what they can run.
CORES = [
    ("Cortex-A7", "cortex-a7", ["vmull"]),
    ("Cortex-A9", "cortex-a9", ["vmull"]),
    ("Cortex-A15", "cortex-a15", ["vmull"]),
    ("Cortex-A53", "cortex-a53", ["smull", "vmull"]),
    ("Cortex-A55", "cortex-a55", ["smull", "sdot"]),
    ("Cortex-A72", "cortex-a72", ["smull", "vmull"]),
    ("Cortex-A76", "neoverse-n1", ["smull", "sdot"]),
    ("Cortex-A710", "neoverse-n2", ["smull", "sdot", "usmmla"]),
]
# Counts and cycles that differ by less than this share are the same: a hash map's order and the
# memory's addresses move the counts a little.
TOLERANCE = 0.01


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, text=True, **options)


def build(architecture):
    """The measuring program, built for the boards, after the tools."""
    run(ROOT / "cross" / "toolchain.sh", architecture.target)
    tools = [f"llvm-{LLVM}", "qemu-user-static", f"binutils-{architecture.binutils}"]
    run(ROOT / "scripts" / "install.sh", *tools)
    command = ["build", "--quiet", "--profile", "shipped", "--example", "measure"]
    run(ROOT / "cross" / "cargo.sh", architecture.target, *command, cwd=ROOT)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / architecture.target / "shipped" / "examples" / "measure"


def is_branch(kind):
    """Whether an instruction of this name ends a straight piece of code."""
    # ARM: b and bl with a condition; aarch64: b.ne and the like.
    conditional = re.fullmatch(r"bl?(\.?(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al))?(\.n)?", kind)
    return conditional or kind in ("blr", "br", "bx", "blx", "ret", "cbz", "cbnz", "tbz", "tbnz")


def loops(program, architecture):
    """Every loop without a branch inside: its instructions, the branch back to `loop` last."""
    objdump = f"{architecture.binutils}-objdump"
    command = [objdump, "-d", "--no-show-raw-insn", "--section=.text", str(program)]
    text = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    block = []
    for line in text.stdout:
        found = re.match(r"\s*([0-9a-f]+):\s+(\S[^/@;]*)", line)
        if not found:
            continue
        address, instruction = int(found[1], 16), found[2].strip()
        block.append((address, instruction))
        if is_branch(instruction.split()[0]):
            target = re.search(r"\b([0-9a-f]+) <", instruction)
            inside = [i for i, (at, _) in enumerate(block) if target and at == int(target[1], 16)]
            if inside:
                back = re.sub(r"\b[0-9a-f]+ <.*", "loop", instruction)
                yield [i for _, i in block[inside[0] : -1]] + [back]
            block = []


def inner_loops(program, architecture):
    """Of each kernel, by its name, and of each depthwise one, by its name and True, the loop with most
    multiply-adds."""
    best = {}
    kernels = [((kernel.name, False), kernel) for kernel in KERNELS]
    kernels += [((kernel.name, True), kernel) for kernel in DEPTHWISE.values()]
    for loop in loops(program, architecture):
        count = Counter(instruction.split()[0] for instruction in loop)
        for key, kernel in kernels:
            products = sum(PRODUCTS[kind] * count[kind] for kind in kernel.products)
            marked = count[kernel.products[0]] and count[kernel.mark]
            if kernel.architecture == architecture and marked and products > best.get(key, (0, []))[0]:
                best[key] = (products, loop)
    return best


def mca_program():
    return os.environ.get("LLVM_MCA", f"llvm-mca-{LLVM}")


def cycles(loop, core, architecture):
    """Cycles of one turn of the loop in LLVM's model of the core."""
    turns = 1000
    command = [mca_program(), f"-mtriple={architecture.triple}", f"-mcpu={core}"]
    command += [f"-mattr={architecture.attributes}", f"-iterations={turns}"]
    done = run(*command, input="loop:\n" + "\n".join(loop) + "\n", capture_output=True)
    return int(re.search(r"Total Cycles:\s+(\d+)", done.stdout)[1]) / turns


def emulated(program, kernel, commands, count):
    """Runs the program under qemu-user; with `count` gives its instructions, else its answers."""
    sysroot = f"/usr/{kernel.architecture.binutils}"
    qemu = [kernel.architecture.emulator, "-L", sysroot, "-cpu", kernel.processor]
    run_by = [str(program), "int8", "1"]
    if not count:
        return run(*qemu, *run_by, input=commands, capture_output=True).stdout
    # The log has each block's instructions where it is translated and a line for each time that
    # it is entered: it is read while it is written.
    reader, writer = os.pipe()
    log = ["-d", "in_asm,exec,nochain", "-D", f"/proc/self/fd/{writer}"]
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "pass_fds": [writer]}
    process = subprocess.Popen(qemu + log + run_by, text=True, **options)
    os.close(writer)
    process.stdin.write(commands)
    process.stdin.close()
    sizes, entered, block = {}, Counter(), None
    with os.fdopen(reader) as lines:
        for line in lines:
            if line.startswith("Trace"):
                entered[line[line.index("/") + 1 :].split("/", 1)[0]] += 1
            elif line.startswith("IN:"):
                block = None
            elif line.startswith("0x"):
                address = int(line[: line.index(":")], 16)
                block = address if block is None else block
                sizes[block] = (address - block) // 4 + 1
    if process.wait() != 0:
        raise SystemExit(f"the program failed under qemu-user as a {kernel.processor}")
    return sum(times * sizes[int(block, 16)] for block, times in entered.items())


def instructions(program, kernel, command):
    """Instructions of a command that does one thing N times: what one more adds."""
    few, more = (emulated(program, kernel, f"{command} {n}\n", True) for n in (1, 2))
    return more - few


def collect():
    rows = []
    for architecture in (AARCH64, ARMV7):
        program = build(architecture)
        best = inner_loops(program, architecture)
        for kernel in KERNELS:
            if kernel.architecture == architecture and (kernel.name, False) in best:
                rows.append(row_of(kernel, program, best))
    return rows


def row_of(kernel, program, best):
    answer = emulated(program, kernel, "describe\n", False)
    if f"NEON {kernel.name}" not in answer:
        raise SystemExit(f"qemu-user as a {kernel.processor} was to run {kernel.name}: {answer}")
    models = [(core, model) for core, model, able in CORES if kernel.name in able]

    def speeds(products, loop):
        return {core: round(products / cycles(loop, model, kernel.architecture), 2) for core, model in models}

    products, loop = best[kernel.name, False]
    row = {
        "kernel": kernel.name,
        "instructions": instructions(program, kernel, "time"),
        "search_instructions": instructions(program, kernel, "search"),
        "loop_instructions": len(loop),
        "loop_products": products,
        "speeds": speeds(products, loop),
    }
    if (kernel.name, True) in best:
        row["depthwise"] = speeds(*best[kernel.name, True])
    return row


def speed_table(cores, rows):
    lines = ["| kernel | " + " | ".join(cores) + " |", "|---" * (len(cores) + 1) + "|"]
    for kernel, by_core in rows:
        speeds = [f"{by_core[core]:.2f}" if core in by_core else "" for core in cores]
        lines.append(f"| {kernel} | " + " | ".join(speeds) + " |")
    return lines


def render(rows, llvm):
    cores = [core for core, _, _ in CORES]
    lines = [
        "# What the ARM kernels cost",
        "",
        "No board was used: instructions are counted under qemu-user; speeds come from llvm-mca's models of the cores, for the",
        "inner loops as compiled (all data in the first cache, nothing else running). A figure that changes shows that a kernel",
        "changed; how fast it is on a board has to be measured there. Made by `make cross-kernels`; do not edit.",
        "`cross/kernels.py --check` compares.",
        "",
        "A search is that of a whole picture of 640x480 as it is (`--min-face 24`).",
        "",
        "| kernel | million instructions a face | a search | inner loop: instructions | multiply-adds |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        numbers = f"{row['instructions'] / 1e6:.2f} | {row['search_instructions'] / 1e6:.1f}"
        lines.append(f"| {row['kernel']} | {numbers} | {row['loop_instructions']} | {row['loop_products']} |")
    lines += ["", "Multiply-adds a cycle in the inner loop of dense convolutions, 1x1 among them:", ""]
    lines += speed_table(cores, [(row["kernel"], row["speeds"]) for row in rows])
    lines += ["", "And in that of depthwise convolutions, which sdot and usmmla leave to smull's instructions:", ""]
    lines += speed_table(cores, [(row["kernel"], row["depthwise"]) for row in rows if "depthwise" in row])
    models = ", ".join(f"{core}: `{model}`" for core, model, _ in CORES)
    lines += ["", f"Models of LLVM {llvm}: {models}.", "", "```json", json.dumps(rows), "```", ""]
    return "\n".join(lines)


def flat(rows):
    for row in rows:
        for key in ("instructions", "search_instructions", "loop_instructions", "loop_products"):
            yield f"{row['kernel']}: {key}", row[key]
        for core, speed in row["speeds"].items():
            yield f"{row['kernel']} on {core}: multiply-adds a cycle", speed
        for core, speed in row.get("depthwise", {}).items():
            yield f"{row['kernel']} on {core}: depthwise multiply-adds a cycle", speed


def check(rows):
    """Prints what differs from the table; gives whether something does."""
    text = TABLE.read_text()
    stored = dict(flat(json.loads(text.split("```json\n")[1].split("\n```")[0])))
    found = dict(flat(rows))
    differs = False
    for name in sorted(stored.keys() | found.keys()):
        old, new = stored.get(name), found.get(name)
        if old is None or new is None or abs(new - old) > TOLERANCE * old:
            print(f"{name}: {new}, in the table {old}")
            differs = True
    return differs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the table")
    options = parser.parse_args()
    rows = collect()
    if not options.check:
        version = re.search(r"version (\S+)", run(mca_program(), "--version", capture_output=True).stdout)[1]
        TABLE.write_text(render(rows, version))
        print(TABLE.read_text())
    elif check(rows):
        sys.exit("the ARM kernels changed: run make cross-kernels and look at docs/arm-kernels.md")


if __name__ == "__main__":
    main()
