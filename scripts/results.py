#!/usr/bin/env python3
"""Results of `face8x bench`, one file a machine in docs/results: checked and made into tables.

usage: results.py check FILE...     say what is wrong with files before they are accepted
       results.py table FILE...     print their rows
       results.py readme [--check]  write the tables of docs/benchmarking.md and
                                    docs/results/README.md, or only check whether they are current
"""

import json
import pathlib
import re
import sys

import readme

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/results"
SCHEMA = "face8x-bench/1"
STAGES = [
    "capture", "convert", "locate", "align", "restore", "compose", "present", "end-to-end",
    "cold-start",
]
FIGURES = ["min", "median", "p90", "p99", "p999", "max"]
# Warnings that stand in the table, in its words.
MARKS = {
    "emulated": "**emulated**",
    "virtual-machine": "virtual machine",
    "governor": "governor not performance",
    "throttled": "throttled",
    "clock-limited": "clock limited",
    "clock-changed": "clock changed",
    "other-load": "other load",
    "stolen": "host took time",
    "faceless": "frames without a face",
    "source": "source was lost",
}
# Those with which a file is not accepted.
REFUSED = {
    "incomplete": "it was stopped early",
    "failed": "a case could not be measured",
    "quick": "less than 1,024 frames and 60 seconds were measured",
    "debug-build": "it was measured with a debug build",
}


def model_sums():
    """Checksums of the networks that come with the program, by file name."""
    lines = (ROOT / "models/SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def rows_of(report, case):
    key = (case["engine"], case["model"], case["threads"])
    return {
        row["stage"]: row
        for row in report["results"]
        if (row["engine"], row["model"], row["threads"]) == key
    }


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value


def row_problems(row):
    """What cannot be true of a row of figures."""
    name = f"{row.get('engine')}, threads {row.get('threads')}, {row.get('stage')}"
    if not all(number(row.get(key)) for key in [*FIGURES, "mean", "runs"]):
        yield f"{name}: a figure is missing"
        return
    figures = [row[key] for key in FIGURES]
    if figures != sorted(figures) or figures[0] < 0 or figures[-1] > 600:
        yield f"{name}: min, median, p90, p99, p999 and max do not rise"
    if not row["min"] <= row["mean"] <= row["max"]:
        yield f"{name}: the mean lies outside of min and max"
    if row["runs"] < 1:
        yield f"{name}: there are no runs"


def case_problems(report, case, sums):
    """What cannot be true of a case."""
    name = f"{case['engine']}, {case['model']}, threads {case['threads']}"
    rows = rows_of(report, case)
    missing = [stage for stage in STAGES if stage not in rows]
    if missing:
        yield f"{name}: no figures of {', '.join(missing)}"
        return
    bad = [problem for row in rows.values() for problem in row_problems(row)]
    yield from bad
    if bad:
        return
    if case["seconds"] < 60 or case["frames"] < 1024:
        yield f"{name}: {case['frames']} frames in {case['seconds']:.1f} s are too few"
    beside = ("cold-start", "wait", "scan-out", "search-live", "search-whole", "search-enlarged", "no-face")
    measured = [row for stage, row in rows.items() if stage not in beside]
    parts = [row for row in measured if row["stage"] != "end-to-end"]
    whole = rows["end-to-end"]
    if any(row["runs"] != case["frames"] for row in measured if row["stage"] != "decode"):
        yield f"{name}: the stages do not have as many runs as there were frames"
    for figure in ("min", "mean"):
        if sum(row[figure] for row in parts) > whole[figure] * 1.001 + 2e-6:
            yield f"{name}: the stages take longer than the whole ({figure})"
    frames = case["frames"] + case["faceless"]
    if abs(case["fps"] * case["seconds"] - frames) > 0.01 * frames:
        yield f"{name}: frames, seconds and frames a second do not agree"
    rate = case["frames"] / case["seconds"]
    if "on demand" in case["source"] and rate * whole["mean"] > 1.02:
        yield f"{name}: more frames a second than their latency allows"
    cores = report["machine"].get("cpus") or 1
    if not 0 < case["cpu_per_frame"] * case["fps"] <= cores * 1.05:
        yield f"{name}: processor time that {cores} cores do not have"
    memory = case["peak_memory"]
    if memory is not None and not 5e6 < memory < 2e9:
        yield f"{name}: {memory} bytes of memory"
    joules = case["joules_per_frame"]
    if joules is not None and not 0.1 < joules * case["fps"] < 300:
        yield f"{name}: {joules * case['fps']:.2f} W are not a board's"
    if case["model"] != "none" and sums.get(case["model"]) != case["model_sha256"]:
        yield f"{name}: this is not the network of this name in models/SHA256SUMS"


def expected_warnings(report):
    """Warnings that the file's own figures require."""
    machine = report["machine"]
    if machine["emulated"]:
        yield "emulated"
    elif machine["virtual_machine"]:
        yield "virtual-machine"
    if any(group["governor"] not in (None, "performance") for group in machine["clocks"]):
        yield "governor"
    for case in report["cases"]:
        if not case["complete"]:
            yield "incomplete"
        seen = case["seen"]
        if seen["throttling"]:
            yield "throttled"
        if any(low < 0.97 * high for low, high in seen["clocks_mhz"]):
            yield "clock-changed"
        if (seen["other_load"] or 0) > 0.06:
            yield "other-load"
    if report["quick"]:
        yield "quick"
    if report["build"] != "release":
        yield "debug-build"


def problems(text, sums):
    """Why a file is not accepted, a sentence each."""
    try:
        report = json.loads(text)
    except ValueError as error:
        return [f"no JSON: {error}"]
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        return [f"its schema is not {SCHEMA}"]
    try:
        return list(report_problems(report, text, sums))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return [f"a field is missing or of another kind: {error!r}"]


def report_problems(report, text, sums):
    if re.search(r"/(home|root|Users)/", text):
        yield "it holds a path of a home folder: take it out"
    codes = {warning["code"] for warning in report["warnings"]}
    for code in sorted(codes - MARKS.keys() - REFUSED.keys()):
        yield f"an unknown warning: {code}"
    for code, reason in REFUSED.items():
        if code in codes:
            yield reason
    for code in sorted(set(expected_warnings(report)) - codes):
        yield f"its figures require the warning {code}, which is missing"
    if not report["complete"] and "incomplete" not in codes:
        yield REFUSED["incomplete"]
    if not report["cases"]:
        yield "nothing was measured in the pipeline (--model-only does not count)"
    for case in report["cases"]:
        yield from case_problems(report, case, sums)


def notes(report, case, sums):
    """The last column: the caveats of a row, and whether its network is an older one."""
    codes = dict.fromkeys(warning["code"] for warning in report["warnings"])
    marks = [MARKS[code] for code in codes if code in MARKS]
    if case["model"] != "none" and sums.get(case["model"]) != case["model_sha256"]:
        marks.append(f"network {case['model_sha256'][:8]}")
    return ", ".join(marks)


def cell(value):
    return str(value).replace("|", "\\|")


def machine_name(report):
    machine = report["machine"]
    unnamed = "virtual machine" if machine["virtual_machine"] else "unnamed"
    return machine["model"] or unnamed


def millis(seconds):
    return f"{seconds * 1e3:.2f}"


def summary_table(reports, sums):
    """A row a case."""
    yield (
        "| machine | processor | engine, threads | 16x16 to 128x128 ms | "
        "whole frame ms: p50 | p99 | frames/s | start s | MB | mJ a frame | caveats |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for report in reports:
        machine = report["machine"]
        for case in report["cases"]:
            rows = rows_of(report, case)
            whole, joules, memory = rows["end-to-end"], case["joules_per_frame"], case["peak_memory"]
            network = "" if case["model"] in ("none", "face8x.onnx") else f" {case['model']}"
            cells = [
                machine_name(report),
                f"{machine['cpus'] or '?'} x {machine['cpu'] or 'unknown'}",
                f"{case['engine']}{network}, {case['threads']}",
                millis(rows["restore"]["median"]),
                millis(whole["median"]),
                millis(whole["p99"]),
                f"{case['fps']:.0f}",
                f"{rows['cold-start']['median']:.2f}",
                "" if memory is None else f"{memory / 1e6:.0f}",
                "" if joules is None else f"{joules * 1e3:.1f}",
                notes(report, case, sums),
            ]
            yield "| " + " | ".join(map(cell, cells)) + " |"


def stage_tables(reports):
    """What each machine was, then a row a stage of each of its cases."""
    for report in reports:
        machine = report["machine"]
        yield ""
        yield f"### {cell(machine_name(report))}, {machine['cpu'] or 'unknown processor'}"
        yield ""
        yield f"`{report['command']}`, face8x {report['version']}, {report['date'][:10]}."
        yield (
            f"{machine['cpus'] or '?'} cores, {machine['architecture']}, "
            f"kernel {machine['kernel'] or 'unknown'}{clocks(machine)}{heat(machine)}."
        )
        for warning in report["warnings"]:
            yield f"Caveat: {warning['text']}."
        yield ""
        yield "| engine, threads | stage | runs | min ms | p50 | p90 | p99 | p99.9 | max | mean |"
        yield "|---|---|---|---|---|---|---|---|---|---|"
        for row in report["results"]:
            figures = [f"{row[key] * 1e3:.3f}" for key in [*FIGURES, "mean"]]
            name = f"{row['engine']}, {row['threads']}"
            yield "| " + " | ".join([name, row["stage"], str(row["runs"]), *figures]) + " |"


def clocks(machine):
    groups = (
        f"; cores {group['cores']}: {group['governor']}, {group['before']} MHz"
        for group in machine["clocks"]
    )
    return "".join(groups)


def heat(machine):
    before, after = machine["temperature_before"], machine["temperature_after"]
    return "" if None in (before, after) else f"; {before:.0f} C before, {after:.0f} C after"


def stored():
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]


def update_pages(check):
    sums, reports = model_sums(), stored()
    current = True
    for path, report in zip(sorted(FOLDER.glob("*.json")), reports):
        # A file of an older network stays, marked; whatever else is wrong with it is wrong.
        own = {case["model"]: case["model_sha256"] for case in report["cases"]}
        for problem in problems(path.read_text(), {**sums, **own}):
            print(f"{path.name}: {problem}")
            current = False
    if current:
        table = ["", *summary_table(reports, sums), ""]
        current &= readme.update(ROOT / "docs/benchmarking.md", "results", table, check)
        current &= readme.update(FOLDER / "README.md", "stages", list(stage_tables(reports)), check)
    return current


def main(arguments):
    if arguments[:1] == ["readme"] and arguments[1:] in ([], ["--check"]):
        return 0 if update_pages(bool(arguments[1:])) else 1
    if arguments[:1] == ["check"] and len(arguments) > 1:
        failed = 0
        for name in arguments[1:]:
            found = problems(pathlib.Path(name).read_text(), model_sums())
            failed |= bool(found)
            for problem in found or ["accepted"]:
                print(f"{name}: {problem}")
        return int(failed)
    if arguments[:1] == ["table"] and len(arguments) > 1:
        reports = [json.loads(pathlib.Path(name).read_text()) for name in arguments[1:]]
        print("\n".join(summary_table(reports, model_sums())))
        return 0
    print(__doc__.split("usage: ", 1)[1], file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
