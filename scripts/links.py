#!/usr/bin/env python3
"""Whether the links of the Markdown files lead somewhere, and docs/SUMMARY.md names every page.

usage: links.py     prints what is wrong, a line each; exits with 1 where anything is

Links to other sites are not followed.
"""

import html
import pathlib
import re
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What a README may have, so that it is read.
LONGEST_README = 150
# [text](target), ![text](target "title")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
# <img src="target">, <a href="target">
ATTRIBUTE = re.compile(r"<(?:img|a)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")
# [name]: target
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
FENCE = re.compile(r"^\s*(```+|~~~+)")


def lines_of(text):
    """Numbers and lines outside of code blocks; code within a line is blanked."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line)
        if fence is None and mark:
            fence = mark[1]
        elif fence is not None:
            if mark and mark[1].startswith(fence):
                fence = None
        else:
            yield number, line


def links_of(text):
    """Line numbers and targets of the links."""
    for number, line in lines_of(text):
        plain = re.sub(r"(`+).+?\1", lambda code: " " * len(code[0]), line)
        # A link's text may be code: its brackets stay where they are.
        for target in LINK.findall(plain) + ATTRIBUTE.findall(plain):
            yield number, target
        definition = DEFINITION.match(plain)
        if definition and not definition[1].startswith("^"):
            yield number, definition[1]


def anchors_of(text):
    """The names of the headings, as GitHub and mdBook make them."""
    names, counts = set(), {}
    for _, line in lines_of(text):
        heading = HEADING.match(line)
        if heading is None:
            continue
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", html.unescape(heading[1])).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        seen = counts.get(name, 0)
        counts[name] = seen + 1
        names.add(f"{name}-{seen}" if seen else name)
    return names


def problem_of(root, page, target):
    """What is wrong with a link of `page`, or None."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target, re.IGNORECASE):
        return None
    path, _, anchor = urllib.parse.unquote(target).partition("#")
    if path.startswith("/"):
        return f"\"{target}\" is absolute: write it relative to the page"
    file = (page.parent / path).resolve() if path else page
    if not file.is_relative_to(root):
        return f"\"{target}\" leads out of the project"
    if not file.exists():
        return f"\"{target}\" does not exist"
    if anchor and file.suffix == ".md" and anchor not in anchors_of(file.read_text()):
        return f"\"{target}\": there is no heading #{anchor}"
    return None


def page_problems(root, page):
    for number, target in links_of(page.read_text()):
        problem = problem_of(root, page, target)
        if problem:
            yield f"{page.relative_to(root)}:{number}: {problem}"


def summary_problems(root):
    """Pages of docs that its table of contents leaves out or names twice."""
    docs = root / "docs"
    summary = docs / "SUMMARY.md"
    named = [(docs / target).resolve() for _, target in links_of(summary.read_text())]
    for page in sorted(docs.rglob("*.md")):
        if page != summary and named.count(page.resolve()) != 1:
            yield f"docs/SUMMARY.md: must name {page.relative_to(docs)} once"


def problems(root, pages):
    root = root.resolve()
    for page in pages:
        yield from page_problems(root, root / page)
    if (root / "docs/SUMMARY.md").exists():
        yield from summary_problems(root)
    lines = len((root / "README.md").read_text().splitlines())
    if lines > LONGEST_README:
        yield f"README.md: {lines} lines; at most {LONGEST_README} are read"


def pages_of(root):
    """The Markdown files of the project, new ones too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    try:
        listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
        names = listed.stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        # Sources without a repository.
        every = (path.relative_to(root) for path in root.rglob("*.md"))
        names = [path.as_posix() for path in every if path.parts[0] != "target"]
    return sorted({name for name in names if (root / name).exists()})


def main():
    found = list(problems(ROOT, pages_of(ROOT)))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
