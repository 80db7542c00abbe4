"""Tests of the script that finds type names that are used twice."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

import names  # noqa: E402


class Duplicates(unittest.TestCase):
    def test_names_of_all_kinds_of_types_count(self):
        files = [
            ("a.rs", "pub(crate) struct Plan;\nenum Step {}\n"),
            ("b.rs", "mod tests {\n    pub trait Plan {}\n}\ntype Step = u8;\nunion Last {}\n"),
        ]
        self.assertEqual(names.duplicates(files), {"Plan": ["a.rs:1", "b.rs:2"], "Step": ["a.rs:2", "b.rs:4"]})

    def test_what_declares_nothing_of_its_own_does_not_count(self):
        text = '// struct Plan;\nconst A: &str = "\nstruct Plan;";\nimpl I for Plan {\n    type Item = u8;\n}\n'
        self.assertEqual(names.duplicates([("a.rs", text), ("b.rs", text + "struct Plan;")]), {})

    def test_every_crate_has_its_error(self):
        text = "pub enum Error {}\npub type Result<T> = std::result::Result<T, Error>;\n"
        self.assertEqual(names.duplicates([("a.rs", text), ("b.rs", text)]), {})


if __name__ == "__main__":
    unittest.main()
