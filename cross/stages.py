"""Which stage of the loop each of the program's instructions belongs to, for frame.py."""

import bisect
import json
import re
import typing
from collections import Counter

from kernels import LLVM, ROOT, run

PIPELINE = ROOT / "src" / "pipeline"

# The stages of src/pipeline/timings.rs that take instructions, and the search beside them. What is
# left of the loop's own code is "loop"; all else, such as the start and the source, is stage 0.
STAGES = ["decode", "convert", "locate", "align", "restore", "backproject", "compose", "present", "loop", "search"]
# The app's functions that are called once for a frame, for a face and for a search.
FRAME, FACE = "face8x::pipeline::faces::FaceStage::process", "face8x_core::align::Aligner::lr"
MARKS = [FRAME, FACE, "<face8x_core::detect::yunet::YuNet as face8x_core::detect::Detector>::detect"]
# The part of the detector's thread that is a search: from this text to that one.
SEARCH = (PIPELINE / "detector_thread" / "mod.rs", "let luma = converter.", "&mut detections));")


def statements():
    """The stages' statements in the loop: file, first and last line, stage."""
    found = []
    for file in sorted(PIPELINE.rglob("*.rs")):
        text = file.read_text()
        for match in re.finditer(r"\btime\(Stage::(\w+)", text):
            end, depth = match.start() + len("time("), 1
            while depth:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            name = str(file.relative_to(ROOT))
            found.append((name, text.count("\n", 0, match.start()) + 1, text.count("\n", 0, end) + 1, match[1].lower()))
    file, first, last = SEARCH
    text = file.read_text()
    start = text.index(first)
    end = text.index(last, start)
    found.append((str(file.relative_to(ROOT)), text.count("\n", 0, start) + 1, text.count("\n", 0, end) + 1, "search"))
    return found


class Symbols:
    """The functions of a program."""

    def __init__(self, program, architecture):
        nm = run(f"{architecture.binutils}-nm", "-C", "-S", "--defined-only", str(program), capture_output=True)
        found = re.findall(r"^([0-9a-f]+) ([0-9a-f]+) [tTwW] (.+)$", nm.stdout, re.M)
        self.functions = sorted((int(start, 16), int(size, 16), name) for start, size, name in found)
        self.starts = [start for start, _, _ in self.functions]

    def start_of(self, name):
        """The address of a function."""
        for start, _, found in self.functions:
            if found == name:
                return start
        raise SystemExit(f"the program has no function {name} any more")

    def function(self, address):
        """The function of an address, if there is one."""
        at = bisect.bisect(self.starts, address) - 1
        if at >= 0 and address < self.functions[at][0] + self.functions[at][1]:
            return self.functions[at]
        return None


def files_of(program):
    """Every address at which the code of another line begins, and the file."""
    done = run(f"llvm-dwarfdump-{LLVM}", "--debug-line", str(program), capture_output=True)
    folders, names, number = {}, {}, None
    for text in done.stdout.splitlines():
        if text.startswith("debug_line["):
            folders, names = {}, {}
        elif found := re.match(r'include_directories\[ *(\d+)\] = "(.*)"', text):
            folders[found[1]] = found[2]
        elif found := re.match(r"file_names\[ *(\d+)\]", text):
            number = found[1]
        elif found := re.match(r'\s+name: "(.*)"', text):
            names[number] = found[1]
        elif found := re.match(r"\s+dir_index: (\d+)", text):
            names[number] = f"{folders.get(found[1], '')}/{names[number]}"
        elif found := re.match(r"(0x[0-9a-f]+) +\d+ +\d+ +(\d+) ", text):
            yield int(found[1], 16), names.get(found[2], "")


def symbolized(program, addresses):
    """For each address the places in the source that it was made of, the innermost first."""
    command = [f"llvm-symbolizer-{LLVM}", f"--obj={program}", "--inlines", "--output-style=JSON"]
    done = run(*command, input="\n".join(map(hex, addresses)) + "\n", capture_output=True)
    return [json.loads(line).get("Symbol", []) for line in done.stdout.splitlines() if line]


def stage_map(program, symbols):
    """The stages of the code of the loop's own functions: (start, end, number of the stage)."""
    places = statements()

    def stage(file, line):
        for name, first, last, found in places:
            if file.endswith(name) and first <= line <= last:
                return STAGES.index(found) + 1
        return None

    candidates = {symbols.function(at) for at, file in files_of(program) if "src/pipeline/" in file} - {None}
    addresses = [at for start, size, _ in candidates for at in range(start, start + size, 4)]
    found = {}
    for at, frames in zip(addresses, symbolized(program, addresses)):
        numbers = [stage(frame["FileName"], frame["Line"]) for frame in frames]
        # Code that the compiler moved has line 0: it stays with what ran before.
        if any(numbers) or frames and frames[0]["Line"]:
            found[at] = next(filter(None, numbers), 0)
    ranges = []
    for start, size, _ in candidates:
        own = [(at, found[at]) for at in range(start, start + size, 4) if at in found]
        # Functions without any code of a stage are called from the stages, and belong to all of them.
        if any(number for _, number in own):
            ranges += [(at, at + 4, number or STAGES.index("loop") + 1) for at, number in own]
    missing = set(STAGES) - {STAGES[number - 1] for _, _, number in ranges}
    if missing:
        raise SystemExit(f"{program}: no code of {', '.join(sorted(missing))} was found")
    return sorted(ranges)


def code_start(program, architecture):
    """The address at which the program's code begins in its file."""
    headers = run(f"{architecture.binutils}-readelf", "-lW", str(program), capture_output=True).stdout
    return re.search(r"^\s+LOAD\s+\S+\s+(0x\S+)\s.*\sR\s*E\s", headers, re.M)[1]


def compiled_plugin(folder):
    """The plugin, for the QEMU that is installed."""
    version = run("qemu-aarch64", "--version", capture_output=True).stdout
    # QEMU 9 reads no plugins of the first version of its interface any more.
    interface = 1 if int(re.search(r"version (\d+)", version)[1]) < 9 else 2
    plugin = folder / "stages.so"
    flags = ["-O2", "-shared", "-fPIC", f"-DQEMU_API={interface}"]
    run("gcc", *flags, "-o", plugin, ROOT / "cross" / "stages.c")
    return plugin


class Count(typing.NamedTuple):
    """What was counted in a run: the stages of each frame with a face, in instructions; how many faces
    were restored in each; the instructions of each search; those of each stage's functions."""

    frames: list
    faces: list
    searches: list
    functions: Counter


def read_counts(out, marks, symbols):
    """What the plugin wrote."""
    frames, faces, searches, functions = [], [], [], Counter()
    for line in out.read_text().splitlines():
        kind, first, *values = line.split()
        values = list(map(int, values)) if kind == "mark" else values
        if kind == "code":
            function = symbols.function(int(values[0], 16))
            name = STAGES[int(first) - 1] if first != "0" else "rest"
            functions[name, function[2] if function else "libraries"] += int(values[1])
        elif marks[int(first, 16)] == FRAME:
            frames.append(values)
            faces.append(0)
        elif marks[int(first, 16)] == FACE:
            faces[-1] += 1
        else:
            searches.append(values[STAGES.index("search") + 1])
    # From a mark to the next: what follows the last one is the end of the run.
    steps = [[b - a for a, b in zip(*pair)] for pair in zip(frames, frames[1:])]
    with_faces = [(step, count) for step, count in zip(steps, faces) if count]
    return Count(
        [step for step, _ in with_faces],
        [count for _, count in with_faces],
        # The first one prepares the network.
        [b - a for a, b in zip(searches, searches[1:])][1:],
        functions,
    )
