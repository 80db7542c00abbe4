"""Tests of the scripts that check results and dependencies."""

import copy
import json
import pathlib
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SCRIPTS))
sys.dont_write_bytecode = True

import readme  # noqa: E402
import results  # noqa: E402
import supply_chain  # noqa: E402
import unsafe  # noqa: E402

SUMS = {"face8x.onnx": "ab" * 32}


def row(stage, runs=2000, scale=1.0):
    figures = dict(min=1e-4, median=2e-4, mean=2.1e-4, p90=3e-4, p99=4e-4, p999=5e-4, max=6e-4)
    figures = {key: value * scale for key, value in figures.items()}
    return dict(engine="face8x", model="face8x.onnx", threads=1, stage=stage, runs=runs, **figures)


def report():
    """A Raspberry Pi of which nothing is to be said."""
    stages = [row(stage) for stage in results.STAGES[:7]]
    clock = dict(cores="0 1", governor="performance", before=1500, limit=1500, max=1500)
    seen = dict(
        clocks_mhz=[[1500, 1500]], temperature_max=50.0, throttling=[], other_load=0.01,
        stolen=0.0, joules=None,
    )
    case = dict(
        engine="face8x", model="face8x.onnx", model_sha256="ab" * 32, threads=1,
        restorer="int8", source="demo: YUYV 640x480 on demand", locator="rustface", sink="null",
        view="side-by-side", frames=2000, faceless=0, skipped=0, corrupt=0, lost=0,
        seconds=62.5, fps=32.0, complete=True, peak_memory=40_000_000, cpu_per_frame=0.04,
        joules_per_frame=0.1, seen=seen,
    )
    machine = dict(
        model="Raspberry Pi | 4", kernel="6.6.51", architecture="aarch64", cpu="Cortex-A72",
        cpus=4, memory_total=4_000_000_000, virtual_machine=False, emulated=False,
        clocks=[clock], temperature_before=40.0, temperature_after=50.0,
        throttled_since_boot="none", load_average=0.1, power_rails=[],
    )
    return dict(
        schema="face8x-bench/1", version="0.1.0", build="release", command="face8x bench",
        date="2026-11-22T21:30:00Z", quick=False, complete=True, warnings=[], machine=machine,
        cases=[case], results=[*stages, row("end-to-end", scale=10), row("cold-start", runs=5)],
    )


def problems(change):
    changed = copy.deepcopy(report())
    change(changed)
    return results.problems(json.dumps(changed), SUMS)


def change_row(stage, **figures):
    def change(changed):
        next(r for r in changed["results"] if r["stage"] == stage).update(figures)

    return change


def change_case(**fields):
    return lambda changed: changed["cases"][0].update(fields)


class Results(unittest.TestCase):
    def test_a_good_file_is_taken_in(self):
        self.assertEqual(problems(lambda changed: None), [])

    def test_each_flaw_is_found_alone(self):
        def stage_gone(changed):
            del changed["results"][4]

        def marked(code):
            return lambda changed: changed["warnings"].append(dict(code=code, text="x"))

        def governor(changed):
            changed["machine"]["clocks"][0]["governor"] = "ondemand"

        flaws = {
            "no figures of restore": stage_gone,
            "do not rise": change_row("align", p99=1e-3),
            "mean lies outside": change_row("align", mean=1e-2),
            "a figure is missing": change_row("align", median=None),
            "do not have as many runs": change_row("locate", runs=1999),
            "longer than the whole (mean)": change_row("end-to-end", mean=1.1e-3),
            "longer than the whole (min)": change_row("end-to-end", min=6e-4),
            "more frames a second than": change_row("end-to-end", max=1.0, mean=0.2),
            "do not agree": change_case(fps=40.0),
            "too few": change_case(seconds=31.25, fps=64.0, cpu_per_frame=0.02),
            "cores do not have": change_case(cpu_per_frame=0.2),
            "bytes of memory": change_case(peak_memory=1000),
            "W are not a board's": change_case(joules_per_frame=50.0),
            "not the network": change_case(model_sha256="cd" * 32),
            "debug build": marked("debug-build"),
            "unknown warning": marked("nonsense"),
            "stopped early": marked("incomplete"),
            "could not be measured": marked("failed"),
            "require the warning governor": governor,
            "schema is not": lambda changed: changed.update(schema="face8x-bench/0"),
            "missing or of another kind": lambda changed: changed["machine"].pop("emulated"),
            "home folder": lambda changed: changed.update(command="face8x bench --model /home/a/b"),
            "--model-only": lambda changed: changed.update(cases=[]),
        }
        for words, change in flaws.items():
            found = problems(change)
            self.assertEqual(len(found), 1, f"{words}: {found}")
            self.assertIn(words, found[0])
        self.assertTrue(results.problems("{", SUMS)[0].startswith("no JSON"))
        self.assertTrue(results.problems("[1]", SUMS)[0].startswith("its schema"))

    def test_a_row_tells_its_warnings_and_its_network(self):
        bad = report()
        # Each case has its own warnings; the row names their kinds.
        codes = ["emulated", "governor", "governor"]
        bad["warnings"] = [dict(code=code, text=str(k)) for k, code in enumerate(codes)]
        lines = list(results.summary_table([report(), bad], {"face8x.onnx": "00"}))
        self.assertEqual(len(lines), 4)
        self.assertEqual(
            lines[2],
            "| Raspberry Pi \\| 4 | 4 x Cortex-A72 | face8x, 1 | 0.20 | 2.00 | 4.00 | 32 | 0.00 "
            "| 40 | 100.0 | network abababab |",
        )
        self.assertIn("| **emulated**, governor not performance, network", lines[3])

    def test_stage_tables_have_every_row(self):
        lines = list(results.stage_tables([report()]))
        self.assertEqual(sum(line.startswith("| face8x, 1 |") for line in lines), 9)
        self.assertIn("`face8x bench`, face8x 0.1.0, 2026-11-22.", lines)

    def test_whats_stored_can_be_read_again(self):
        for stored in results.stored():
            self.assertEqual(stored["schema"], results.SCHEMA)


class Readme(unittest.TestCase):
    def test_only_what_is_between_the_marks_is_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.md"
            path.write_text("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n")
            self.assertFalse(readme.update(path, "x", ["new"], check=True))
            self.assertIn("old", path.read_text())
            self.assertTrue(readme.update(path, "x", ["new"], check=False))
            self.assertEqual(path.read_text(), "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n")
            self.assertTrue(readme.update(path, "x", ["new"], check=True))
            self.assertFalse(readme.update(path, "y", ["new"], check=False))


class SupplyChain(unittest.TestCase):
    def test_expressions_are_satisfied_or_not(self):
        allowed = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"}
        for good in [
            "MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "GPL-2.0 OR (MIT AND Apache-2.0)",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0", "(MIT)",
        ]:
            self.assertTrue(supply_chain.fits(good, allowed), good)
        for bad in [
            "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0 WITH other", "", "MIT OR", "(MIT",
            "MIT MIT", "LGPL-2.1 AND (MIT OR Apache-2.0)",
        ]:
            self.assertFalse(supply_chain.fits(bad, allowed), bad)

    def test_flaws_of_packages_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "build.rs"
            good = dict(
                name="a", version="1.0.0", license="MIT", source=supply_chain.REGISTRY,
                targets=[dict(kind=["custom-build"], src_path=str(script))],
            )

            def found(code, **fields):
                script.write_text(code)
                return list(supply_chain.problems_of({**good, **fields}, {"MIT"}))

            harmless = '// wget is not run\nCommand::new("git").args(["rev-parse", "HEAD"]);'
            self.assertEqual(found(harmless), [])
            for code in [
                "std::net::TcpStream::connect(x)", 'Command::new( "curl")',
                'Command::new("git").arg("clone")',
            ]:
                self.assertEqual(len(found(code)), 1, code)
            for fields in [
                dict(license="GPL-3.0"), dict(license=None), dict(source="git+https://x"),
                dict(name="ureq"),
            ]:
                self.assertEqual(len(found("", **fields)), 1, fields)

    def test_the_list_of_licences_is_that_of_deny_toml(self):
        allowed = supply_chain.allowed_licences((SCRIPTS.parent / "deny.toml").read_text())
        self.assertIn("MIT", allowed)
        self.assertFalse([name for name in allowed if "GPL" in name])


class Unsafe(unittest.TestCase):
    def test_uses_are_found_in_code_alone(self):
        text = 'let a = "unsafe";\n// unsafe\nunsafe { b() }\n#![forbid(unsafe_code)]\nunsafe fn c() {}\n'
        self.assertEqual(unsafe.uses_of(text), [3, 5])

    def test_a_use_without_a_reason_is_found(self):
        def justified(text):
            return unsafe.is_justified(text.splitlines(), unsafe.uses_of(text)[-1])

        self.assertTrue(justified("// SAFETY: it is.\nunsafe { a() }"))
        self.assertTrue(justified("// SAFETY: it is,\n// really.\n#[inline]\nunsafe { a() }"))
        self.assertTrue(justified("// SAFETY: it is.\nlet a =\n    b(unsafe { c() });"))
        self.assertTrue(justified("/// # Safety\n/// x\nunsafe fn a() {}"))
        self.assertFalse(justified("unsafe { a() }"))
        self.assertFalse(justified("// SAFETY: the first.\nunsafe { a() };\nunsafe { b() }"))
        self.assertFalse(justified("// SAFETY: far.\n\nunsafe { b() }"))


if __name__ == "__main__":
    unittest.main()
