"""Tests of the script that holds the import rules."""

import pathlib
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SCRIPTS))
sys.dont_write_bytecode = True

import imports  # noqa: E402

CRATES = {"app": ("src", ("core",)), "core": ("core/src", ())}
ROOMS = {"app": [["main", "top"], ["low"]], "core": [["stage"], ["ground"]]}
NEVER = [("core", r"\bprintln!", ("stage",), "prints")]

# A tree without a flaw.
GOOD = {
    "src/main.rs": "mod top;\nuse core::stage::Stage;\n",
    "src/lib.rs": "pub mod low;\npub use core::Error;\n",
    "src/top/mod.rs": "mod a;\npub use a::open;\npub trait Sink {}\n",
    "src/top/a.rs": "use super::Sink;\nuse crate::{low, Error};\npub fn open() {}\n",
    "src/top/z.rs": "",
    "src/low.rs": "use core::ground::{self, Frame as Picture};\n",
    "core/src/lib.rs": "pub mod stage;\nmod ground;\npub use ground::Error;\n",
    "core/src/stage.rs": 'use crate::{\n    ground,\n    Error,\n};\npub fn a() { println!("x") }\n',
    "core/src/ground.rs": "pub struct Error;\n",
}


def house(**changes):
    """The good tree, with files changed or added; a key's "/" is written "__"."""
    changed = {path.replace("__", "/") + ".rs": text for path, text in changes.items()}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in {**GOOD, **changed}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return imports.House(root, CRATES)


def problems(**changes):
    return sorted(text for _, text in imports.problems(house(**changes), ROOMS, NEVER))


class Rules(unittest.TestCase):
    def test_a_tree_that_keeps_them_has_no_problem(self):
        self.assertEqual(problems(), [])

    def test_each_flaw_is_found_alone(self):
        flaws = {
            "core/src/ground.rs:1: core never imports app": dict(core__src__ground="use app::top::z;\n"),
            "src/low.rs:2: low never imports top, which stands above it": dict(
                src__low="pub struct A;\nfn a(_: crate::top::z::Z) {}\n"
            ),
            "src/attic.rs: give the room attic a place in ROOMS of scripts/imports.py": dict(
                src__attic=""
            ),
            "core/src/ground.rs:1: core never prints here": dict(
                core__src__ground='fn a() { println!("x") }\n'
            ),
            "import circle: src/top/b.rs:1 imports src/top/c.rs; src/top/c.rs:1 imports src/top/b.rs": dict(
                src__top__b="use super::c::C;\n", src__top__c="use crate::top::b;\n"
            ),
        }
        for words, changes in flaws.items():
            self.assertEqual(problems(**changes), [words])

    def test_a_re_export_counts_as_what_it_exports(self):
        # a takes b's type by way of mod.rs, and b takes a's.
        found = problems(
            src__top__mod="mod a;\nmod b;\npub use a::A;\npub use b::B;\n",
            src__top__a="use super::B;\n",
            src__top__b="use crate::top::A;\n",
        )
        self.assertEqual(len(found), 1)
        self.assertIn("src/top/a.rs:1 imports src/top/b.rs", found[0])

    def test_tests_comments_and_strings_import_nothing(self):
        self.assertEqual(
            problems(
                src__low="// use crate::top;\nconst A: &str = \"crate::top::a\";\n"
                "#[cfg(test)]\nmod scene;\n#[cfg(test)]\nmod tests {\n    use crate::top;\n}\n",
                src__low__scene="use crate::top;\n",
                src__low__tests__more="use crate::top;\n",
            ),
            [],
        )
        # What stands behind a test module counts again.
        behind = "#[cfg(test)]\nmod tests { fn a() {} }\nuse crate::top::z;\n"
        self.assertEqual(len(problems(src__low=behind)), 1)


class Graph(unittest.TestCase):
    def test_an_arrow_that_follows_from_others_is_left_out(self):
        edges = [("a", "b"), ("b", "c"), ("a", "c")]
        self.assertEqual(imports.reduced(edges), [("a", "b"), ("b", "c")])

    def test_rooms_are_drawn_with_their_ground_floor(self):
        crates = dict(zip(("face8x", "face8x_core"), CRATES.values()))
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in GOOD.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            drawn = imports.mermaid(
                imports.House(root, crates), dict(face8x=ROOMS["app"], face8x_core=ROOMS["core"])
            )
        self.assertIn("    face8x_top --> face8x_ground", drawn)
        self.assertIn('    face8x_core_ground["ground"]', drawn)


if __name__ == "__main__":
    unittest.main()
