"""Tests of what the Debian packages are made of (Cargo.toml, package.metadata.deb)."""

import pathlib
import tomllib
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# The program, its manual pages and its completions, which scripts/deb.sh makes.
BUILT = "target/"


class PackageTest(unittest.TestCase):
    def setUp(self):
        self.package = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["metadata"]["deb"]

    def test_every_file_that_is_packed_is_there(self):
        for source, _, _ in self.package["assets"]:
            if not source.startswith(BUILT):
                self.assertTrue(list(ROOT.glob(source)), source)

    def test_what_can_be_run_is_packed_as_a_program(self):
        for source, _, mode in self.package["assets"]:
            programs = [path for path in ROOT.glob(source) if path.stat().st_mode & 0o100]
            if programs and not source.startswith(BUILT):
                self.assertEqual(mode, "755", source)


if __name__ == "__main__":
    unittest.main()
