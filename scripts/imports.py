#!/usr/bin/env python3
"""The import rules of the house, and the graph of its rooms in ARCHITECTURE.md.

usage: imports.py [--check]

A room is a crate's top-level module. Imports go downhill only: a room may import the rooms that
stand after it in ROOMS, and a crate the crates in its row of CRATES. No two files import each other,
directly or through others; only a folder's mod.rs and its own files may, because the trait that the
files implement and the table that names them belong on one screen.

Without --check the graph is written; with it nothing is, and it fails where the graph is not current.
Either way it fails where a rule is broken. Tests may import what they like.
"""

import pathlib
import re
import sys

import readme

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Each crate: where it is, and which of the others it may import.
CRATES = {
    "face8x": ("src", ("face8x_core",)),
    "face8x_core": ("crates/face8x-core/src", ("int8",)),
    "int8": ("crates/int8/src", ()),
    "face8x_train": ("models/trainer/src", ("face8x_core", "int8")),
}

# Floors from the top down. A room may import the rooms after it, also those of its own floor.
ROOMS = {
    "face8x": [
        ["main", "internals", "commands", "cli"],
        ["bench", "pipeline", "config"],
        ["still", "compose", "display", "capture", "host", "photo"],
        ["records", "picture", "stats", "losses", "thread", "words", "files"],
    ],
    "face8x_core": [
        ["face_restorer"],
        ["backproject"],
        ["restore", "align", "track", "detect"],
        ["landmarks", "network"],
        ["resample", "convert"],
        ["portrait", "face", "downscaled", "pixel", "geometry", "frame", "files", "contain", "also_for_avx2", "error"],
    ],
}

# What a crate's own code never does, outside the rooms named.
NEVER = [
    ("face8x_core", r"\bstd::thread\b|\bthread::(?:spawn|Builder)\b", (), "starts a thread"),
    ("face8x_core", r"\be?print(?:ln)?!", (), "prints"),
    ("int8", r"\be?print(?:ln)?!", (), "prints"),
    ("face8x", r"\be?print(?:ln)?!", ("main", "commands"), "prints"),
]

TOKENS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|'(?:\\[^'\n]+'?|[^\\'\n])'""", re.DOTALL
)
PATH = re.compile(r"(?<![\w:])(\$?crate|super|self|[a-z]\w*)((?:\s*::\s*\w+)+)")
USE = re.compile(r"\buse\s+([^;]+);")


def code_of(text):
    """Rust code without comments, strings, characters and what is compiled for tests only; line
    numbers stay."""
    code = TOKENS.sub(lambda token: "\n" * token[0].count("\n") or " ", text)
    while found := re.search(r"#\[cfg\((?:test|all\(test\b[^\]]*)\)\]", code):
        end = item_end(code, found.end())
        code = code[: found.start()] + "\n" * code.count("\n", found.start(), end) + code[end:]
    return code


def item_end(code, start):
    """Where the item that begins at `start` ends: after its semicolon or its closing brace."""
    depth = 0
    for at in range(start, len(code)):
        if code[at] == "{":
            depth += 1
        elif code[at] == "}":
            depth -= 1
            if depth == 0 and not re.match(r"\s*;", code[at + 1 :]):
                return at + 1
        elif code[at] == ";" and depth == 0:
            return at + 1
    return len(code)


def use_tree(tree):
    """The paths of a `use`, as pairs of segments and the name that each gets."""
    tree = tree.strip()
    if "{" in tree:
        head, inner = tree.split("{", 1)
        prefix = [part.strip() for part in head.split("::") if part.strip()]
        return [
            (prefix + path, name if path else prefix[-1])
            for part in split_commas(inner.rsplit("}", 1)[0])
            for path, name in use_tree(part)
        ]
    path, _, name = tree.partition(" as ")
    path = [part.strip() for part in path.split("::") if part.strip()]
    if path and path[-1] == "self":
        path = path[:-1]
    return [(path, name.strip() or (path[-1] if path else ""))]


def split_commas(text):
    """The parts between the commas that no inner brace holds."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part.strip()]


class File:
    """A source file as its crate sees it."""

    def __init__(self, crate, path, module, code):
        self.crate, self.path, self.module, self.code = crate, path, module, code
        self.name = path.as_posix()
        self.room = module[0] if module else path.stem
        # Names that a `use` brings into this module, and the path that each stands for.
        self.names = {}
        for use in USE.finditer(code):
            for target, name in use_tree(use[1]):
                self.names[name] = target

    def paths(self):
        """Every path in the file, with its line."""
        rest = self.code
        for use in USE.finditer(self.code):
            line = self.code.count("\n", 0, use.start()) + 1
            for target, _ in use_tree(use[1]):
                yield line, target
            blank = re.sub(r"[^\n]", " ", use[0])
            rest = rest[: use.start()] + blank + rest[use.end() :]
        for path in PATH.finditer(rest):
            segments = [path[1].lstrip("$"), *re.findall(r"\w+", path[2])]
            yield rest.count("\n", 0, path.start()) + 1, segments


class House:
    """All files, and what imports what."""

    def __init__(self, root, crates):
        self.crates, self.modules, self.files = crates, {}, []
        for crate, (folder, _) in crates.items():
            for path in sorted((root / folder).rglob("*.rs")):
                self.add(root, crate, root / folder, path)
        self.leave_out_tests()
        # (from file, to file) -> the first line that says so.
        self.imports = {}
        for file in self.files:
            for line, path in file.paths():
                target = self.resolve(file, path)
                if target is not None and target is not file:
                    self.imports.setdefault((file, target), line)

    def add(self, root, crate, folder, path):
        module = path.relative_to(folder).with_suffix("").parts
        if "tests" in module:
            return
        if module[-1] == "mod":
            module = module[:-1]
        elif module in (("lib",), ("main",)):
            module = ()
        file = File(crate, path.relative_to(root), module, code_of(path.read_text()))
        file.text = path.read_text()
        self.files.append(file)
        # The binary's modules and the library's have different names and share their root.
        if (crate, module) in self.modules:
            file.names = {**file.names, **self.modules[crate, module].names}
        if path.stem != "main" or (crate, module) not in self.modules:
            self.modules[crate, module] = file

    def leave_out_tests(self):
        """Modules that are declared for tests only."""
        declared = re.compile(r"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;")
        for file in list(self.files):
            for name in declared.findall(file.text):
                inside = file.module + (name,)
                gone = [
                    key for key in self.modules
                    if key[0] == file.crate and key[1][: len(inside)] == inside
                ]
                for key in gone:
                    self.files.remove(self.modules.pop(key))

    def resolve(self, file, path):
        """The file that defines what `path` in `file` names, through re-exports; None for what is
        of no crate of ours."""
        first, rest = path[0], list(path[1:])
        if first == "crate":
            return self.walk(file.crate, (), rest)
        if first in self.crates:
            return self.walk(first, (), rest)
        module = file.module
        if first == "self":
            return self.walk(file.crate, module, rest)
        if first == "super":
            module = module[:-1]
            while rest and rest[0] == "super":
                module, rest = module[:-1], rest[1:]
            return self.walk(file.crate, module, rest)
        if (file.crate, module + (first,)) in self.modules:
            return self.walk(file.crate, module, [first, *rest])
        return None

    def walk(self, crate, module, rest, depth=0):
        """Follows `rest` from a module down; stops where a name is no module any more."""
        while rest:
            inner = module + (rest[0],)
            here = self.modules.get((crate, module))
            if (crate, inner) in self.modules:
                module, rest = inner, rest[1:]
                continue
            target = here.names.get(rest[0]) if here is not None else None
            if target is None or depth > 9 or target[-1:] == ["*"]:
                break
            found = self.resolve_at(crate, module, [*target, *rest[1:]], depth + 1)
            return found or here
        return self.modules.get((crate, module))

    def resolve_at(self, crate, module, path, depth):
        first, rest = path[0], path[1:]
        if first == "crate":
            return self.walk(crate, (), rest, depth)
        if first in self.crates:
            return self.walk(first, (), rest, depth)
        if first == "self":
            return self.walk(crate, module, rest, depth)
        while first == "super":
            module, (first, *rest) = module[:-1], rest
        if (crate, module + (first,)) in self.modules:
            return self.walk(crate, module, [first, *rest], depth)
        return None

    def room_imports(self, crate):
        """(from room, to room) -> file names and lines, within a crate. Its root, which names all
        its rooms and what is for all of them, is none of them."""
        found = {}
        for (file, target), line in self.imports.items():
            if "lib" in (file.room, target.room) or file.room == target.room:
                continue
            if file.crate == target.crate == crate:
                found.setdefault((file.room, target.room), []).append((file.name, line))
        return found


def crate_problems(house):
    for (file, target), line in house.imports.items():
        if file.crate != target.crate and target.crate not in house.crates[file.crate][1]:
            key = f"{file.name} imports {target.crate}"
            yield key, f"{file.name}:{line}: {file.crate} never imports {target.crate}"


def room_problems(house, rooms):
    for crate, floors in rooms.items():
        order = [room for floor in floors for room in floor]
        present = {file.room: file for file in house.files if file.crate == crate}
        for room in sorted(present.keys() - {*order, "lib"}):
            name = present[room].name
            yield name, f"{name}: give the room {room} a place in ROOMS of scripts/imports.py"
        for (room, other), places in sorted(house.room_imports(crate).items()):
            if room in order and other in order and order.index(other) < order.index(room):
                for name, line in places:
                    key = f"{name} imports {other}"
                    yield key, f"{name}:{line}: {room} never imports {other}, which stands above it"


def never_problems(house, never):
    for crate, pattern, rooms, what in never:
        for file in house.files:
            if file.crate == crate and file.room not in rooms:
                for found in re.finditer(pattern, file.code):
                    line = file.code.count("\n", 0, found.start()) + 1
                    yield f"{file.name} {what}", f"{file.name}:{line}: {crate} never {what} here"


def circles(edges):
    """The groups of nodes that reach each other (Tarjan)."""
    graph = {}
    for source, target in edges:
        graph.setdefault(source, []).append(target)
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in graph.get(node, ()):
            if target not in index:
                visit(target)
            if target in stack:
                low[node] = min(low[node], low[target])
        if low[node] == index[node]:
            at = stack.index(node)
            group, stack[at:] = stack[at:], []
            if len(group) > 1:
                found.append(group)

    for node in list(graph):
        if node not in index:
            visit(node)
    return found


def circle_problems(house):
    def is_of_the_folder(file, target):
        """A file that imports the mod.rs above it: its trait, its options, its errors."""
        return file.crate == target.crate and file.module[: len(target.module)] == target.module

    edges = [pair for pair in house.imports if not is_of_the_folder(*pair)]
    for group in circles(edges):
        names = sorted(file.name for file in group)
        places = sorted(
            f"{file.name}:{house.imports[file, target]} imports {target.name}"
            for file, target in edges
            if file in group and target in group
        )
        yield "circle: " + ", ".join(names), "import circle: " + "; ".join(places)


def problems(house, rooms, never):
    """Broken rules: a key without line numbers, and what to say."""
    yield from crate_problems(house)
    yield from room_problems(house, rooms)
    yield from never_problems(house, never)
    yield from circle_problems(house)


def reduced(edges):
    """The edges that do not follow from others."""
    graph = {}
    for source, target in edges:
        graph.setdefault(source, set()).add(target)

    def reaches(start, end, seen):
        for node in graph.get(start, ()):
            if node == end:
                return True
            if node not in seen:
                seen.add(node)
                if reaches(node, end, seen):
                    return True
        return False

    return [
        (source, target)
        for source, target in edges
        if not any(
            other != target and reaches(other, target, {source}) for other in graph[source]
        )
    ]


def mermaid(house, rooms):
    """The graph of the rooms: each crate is a box, its ground floor one node in it. Arrows that
    follow from others are left out."""
    lines = ["```mermaid", "flowchart TD"]
    for crate in ("face8x", "face8x_core", "int8"):
        floors = rooms.get(crate, [[]])
        present = {file.room for file in house.files if file.crate == crate} - {"lib"}
        node = {room: f"{crate}_{room}" for room in present}
        below = [room for room in floors[-1] if room in present]
        node.update(dict.fromkeys(below, f"{crate}_ground"))
        lines.append(f"  subgraph {crate}[\"{crate.replace('face8x_core', 'face8x-core')}\"]")
        order = [room for floor in floors for room in floor]
        upper = sorted(present - set(below), key=lambda room: ((order + [room]).index(room), room))
        lines += [f"    {node[room]}[{room}]" for room in upper]
        if below:
            lines.append(f"    {crate}_ground[\"{', '.join(below)}\"]")
        edges = dict.fromkeys(
            (node[source], node[target])
            for source, target in sorted(house.room_imports(crate))
            if source in node and target in node and node[source] != node[target]
        )
        lines += [f"    {source} --> {target}" for source, target in reduced(list(edges))]
        lines.append("  end")
    lines += ["  face8x --> face8x_core --> int8", "```"]
    return lines


def main():
    house = House(ROOT, CRATES)
    found = sorted(problems(house, ROOMS, NEVER))
    for _, problem in found:
        print(problem)
    graph = mermaid(house, ROOMS)
    current = readme.update(ROOT / "ARCHITECTURE.md", "imports", graph, "--check" in sys.argv[1:])
    sys.exit(1 if found or not current else 0)


if __name__ == "__main__":
    main()
