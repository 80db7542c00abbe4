#!/usr/bin/env python3
"""Where `unsafe` is, as the table in docs/security.md.

usage: unsafe.py [--check]

Without --check the table is written; with it nothing is, and it fails where the table is not
current or a use of `unsafe` has no `// SAFETY:` line above it.
"""

import pathlib
import re
import sys

import readme

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is built into the app. Its tests and the trainer never run on a board.
SOURCES = ("crates", "src")
USE = re.compile(r"\bunsafe\b(?!_)")


def code_of(line):
    """The line without its comment, strings and characters."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
    return line.split("//", 1)[0]


def uses_of(text):
    """Line numbers, from 1, of the uses of `unsafe` in Rust code."""
    return [n for n, line in enumerate(text.splitlines(), 1) if USE.search(code_of(line))]


def is_justified(lines, number):
    """Whether a `// SAFETY:` or a `# Safety` of the docs is in the comments and attributes just
    above line `number`, or above the statement that the line ends."""
    if "SAFETY:" in lines[number - 1]:
        return True
    above = number - 2
    continued = 3
    while above >= 0:
        line = lines[above].strip()
        if line.startswith(("//", "#[", "#![")):
            if "SAFETY:" in line or "# Safety" in line:
                return True
        elif "SAFETY:" in line:
            return True
        else:
            # The statement may begin some lines before its `unsafe`.
            continued -= 1
            if continued < 0 or line.endswith((";", "}")) or not line:
                return False
        above -= 1
    return False


def purpose_of(text):
    """The first sentence of the module's docs."""
    docs = re.match(r"(?://!.*\n)+", text)
    if docs is None:
        return ""
    words = " ".join(line[3:].strip() for line in docs[0].splitlines())
    return words.split(". ")[0].split(": ")[0].rstrip(".:").replace("|", "\\|")


def files():
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.rs")):
            if path.name != "tests.rs" and "tests" not in path.parts:
                yield path


def main():
    rows, unjustified, total = [], [], 0
    for path in files():
        text = path.read_text()
        # Tests stand at the end of a file.
        text = text.split("#[cfg(test)]\nmod tests {", 1)[0]
        lines = text.splitlines()
        uses = uses_of(text)
        name = path.relative_to(ROOT).as_posix()
        unjustified += [f"{name}:{n}" for n in uses if not is_justified(lines, n)]
        if uses:
            total += len(uses)
            rows.append(f"| `{name}` | {len(uses)} | {purpose_of(text)} |")
    table = [
        f"{total} places in {len(rows)} files, each with the reason why it is sound beside it:",
        "",
        "| file | places | what it is |",
        "|---|---|---|",
        *rows,
    ]
    for place in unjustified:
        print(f"{place}: unsafe without a SAFETY line")
    current = readme.update(ROOT / "docs/security.md", "unsafe", table, "--check" in sys.argv[1:])
    sys.exit(1 if unjustified or not current else 0)


if __name__ == "__main__":
    main()
