"""Tests of the script that checks links."""

import pathlib
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SCRIPTS))
sys.dont_write_bytecode = True

import links  # noqa: E402

# Pages without a flaw.
GOOD = {
    "README.md": "![a picture](docs/a.png) [a page](docs/page.md#two-words) [site](https://example.org)\n",
    "docs/SUMMARY.md": "- [`a` page](page.md)\n",
    "docs/page.md": "# Page\n## Two words\n[up](../README.md), [here](#page), `[code](nowhere)`\n"
    "```sh\n[code](nowhere)\n# no heading\n```\n[name]: ../README.md\n",
    "docs/a.png": "",
}


def problems(**changes):
    """What is wrong with the good pages, with some changed; a key's "/" is written "__"."""
    changed = {name.replace("__", "/") + ".md": text for name, text in changes.items()}
    files = {name: text for name, text in {**GOOD, **changed}.items() if text is not None}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return list(links.problems(root, links.pages_of(root)))


class Links(unittest.TestCase):
    def test_good_pages_have_no_problem(self):
        self.assertEqual(problems(), [])

    def test_each_flaw_is_found_alone(self):
        base = GOOD["docs/page.md"]
        flaws = {
            'docs/page.md:9: "gone.md" does not exist': base + "[x](gone.md)\n",
            'docs/page.md:9: "gone.png" does not exist': base + "![x [y]](gone.png \"title\")\n",
            'docs/page.md:9: "../README.md#gone": there is no heading #gone': base
            + "[x](../README.md#gone)\n",
            'docs/page.md:9: "#no-heading": there is no heading #no-heading': base
            + "[x](#no-heading)\n",
            'docs/page.md:9: "/README.md" is absolute: write it relative to the page': base
            + "[x](/README.md)\n",
            'docs/page.md:9: "../../x.md" leads out of the project': base + "[x](../../x.md)\n",
            'docs/page.md:9: "gone" does not exist': base + "[other]: gone\n",
            'docs/page.md:9: "b.png" does not exist': base + '<img alt="b" src="b.png">\n',
        }
        for words, text in flaws.items():
            self.assertEqual(problems(docs__page=text), [words])

    def test_a_link_whose_text_is_code_is_followed(self):
        self.assertEqual(
            problems(docs__page=GOOD["docs/page.md"] + "[`face8x`](gone.md)\n"),
            ['docs/page.md:9: "gone.md" does not exist'],
        )

    def test_the_contents_name_every_page_once(self):
        missing = "docs/SUMMARY.md: must name other.md once"
        self.assertEqual(problems(docs__other="# Other\n"), [missing])
        twice = "- [a](page.md)\n- [b](page.md)\n"
        self.assertEqual(
            problems(docs__SUMMARY=twice), ["docs/SUMMARY.md: must name page.md once"]
        )

    def test_a_long_readme_is_refused(self):
        long = GOOD["README.md"] + "x\n" * links.LONGEST_README
        self.assertEqual(problems(README=long), ["README.md: 151 lines; at most 150 are read"])

    def test_headings_are_named_as_github_names_them(self):
        text = "# A guess, never evidence\n## `run` [link](x) & more\n# Twice\n# Twice\n"
        names = {"a-guess-never-evidence", "run-link--more", "twice", "twice-1"}
        self.assertEqual(links.anchors_of(text), names)


if __name__ == "__main__":
    unittest.main()
