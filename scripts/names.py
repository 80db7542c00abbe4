#!/usr/bin/env python3
"""Type names are used once: a reader who meets one knows which type it is.

usage: names.py

Lists the structs, enums, unions, traits and type aliases of one name that are declared in several
places, tests and tools included, and fails where there are any. Associated types, and what a macro
makes, are not looked at.
"""

import re
import subprocess
import sys

import imports

# Each crate has its own, as Rust's libraries do.
IN_EACH_CRATE = {"Error", "Result"}

DECLARATION = re.compile(
    r"^(?P<indent>[ \t]*)(?:pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?"
    r"(?P<kind>struct|enum|union|trait|type)\s+(?P<name>[A-Z]\w*)",
    re.MULTILINE,
)


def declarations(text):
    """The names that Rust code declares, and their lines."""
    # Comments and strings go, tests stay; line numbers stay.
    code = imports.TOKENS.sub(lambda token: "\n" * token[0].count("\n") or " ", text)
    for found in DECLARATION.finditer(code):
        # An indented alias is an associated type, or one of a function.
        if not (found["kind"] == "type" and found["indent"]):
            yield found["name"], code.count("\n", 0, found.start("kind")) + 1


def duplicates(files):
    """Each name that is declared more than once, with the places. `files` are pairs of a name and
    a text."""
    places = {}
    for file, text in files:
        for name, line in declarations(text):
            places.setdefault(name, []).append(f"{file}:{line}")
    return {
        name: found
        for name, found in sorted(places.items())
        if len(found) > 1 and name not in IN_EACH_CRATE
    }


def main():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.rs"]
    listed = subprocess.run(command, cwd=imports.ROOT, check=True, capture_output=True, text=True)
    files = [(name, imports.ROOT / name) for name in sorted(listed.stdout.splitlines())]
    found = duplicates((name, path.read_text()) for name, path in files if path.exists())
    for name, places in found.items():
        print(f"the type name {name} is used {len(places)} times: {', '.join(places)}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
