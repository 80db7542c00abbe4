#!/usr/bin/env python3
"""What comes with the app: licences, where crates come from, the lock file, build scripts.

A light form of `cargo deny` (make deny) that needs nothing but cargo and Python, for every test
run. It looks at the crates that are built into face8x or run while it is built, on the three
Linux targets; the list of licences is that of deny.toml.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGETS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "armv7-unknown-linux-gnueabihf",
)
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"
# Crates that speak to a network: a build script that used one would be built with it.
NETWORK_CRATES = {"attohttpc", "curl", "git2", "hyper", "isahc", "minreq", "reqwest", "ureq"}
# What a build script that downloads by itself has to say.
# (`git rev-parse`, which some ask for their version, does not.)
NETWORK_WORDS = re.compile(
    r"TcpStream|UdpSocket|ToSocketAddrs"
    r'|Command::new\(\s*"(?:curl|wget|ssh|aria2c|powershell|pip|npm)"'
    r'|"(?:clone|fetch|pull|ls-remote|submodule)"'
)


def allowed_licences(text):
    """The list `allow` of deny.toml."""
    section = text.split("[licenses]", 1)[1]
    return set(re.findall(r'"([^"]+)"', re.search(r"allow = \[(.*?)\]", section, re.S)[1]))


def fits(expression, allowed):
    """Whether an SPDX expression can be satisfied by the allowed licences.

    crates.io's older form `MIT/Apache-2.0` means OR.
    """
    tokens = re.findall(r"\(|\)|[^\s()/]+|/", expression)
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else None

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def either():
        value = both()
        while peek() in ("OR", "/"):
            take()
            other = both()
            value = value or other
        return value

    def both():
        value = one()
        while peek() == "AND":
            take()
            other = one()
            value = value and other
        return value

    def one():
        if peek() in (None, ")", "OR", "AND", "WITH", "/"):
            raise ValueError(expression)
        if peek() == "(":
            take()
            value = either()
            return value and position < len(tokens) and take() == ")"
        name = take()
        if peek() == "WITH":
            take()
            name += " WITH " + (take() if peek() else "")
        return name in allowed

    try:
        value = either()
    except ValueError:
        return False
    return value and position == len(tokens)


def cargo(*arguments):
    """What cargo prints; fails where Cargo.lock is not current."""
    command = [str(ROOT / "scripts/cargo.sh"), *arguments, "--locked"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"cargo {arguments[0]} --locked failed: is Cargo.lock current?")
    return done.stdout.decode()


def built(target):
    """(name, version) of what is built into the app or run to build it: not its tests'."""
    wanted = ("tree", "-p", "face8x", "-e", "normal,build", "--prefix", "none")
    lines = cargo(*wanted, "--target", target).splitlines()
    words = (line.split() for line in lines if line.strip())
    return {(name, version.removeprefix("v")) for name, version, *_ in words}


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def build_scripts(package):
    """The sources of a package's build script: its file and those of a folder `build`."""
    for target in package["targets"]:
        if "custom-build" in target["kind"]:
            file = pathlib.Path(target["src_path"])
            yield file
            if file.parent.name == "build" or (file.parent / "build").is_dir():
                folder = file.parent if file.parent.name == "build" else file.parent / "build"
                yield from (other for other in folder.rglob("*.rs") if other != file)


def problems_of(package, allowed):
    """What is wrong with a package, a sentence each."""
    name = f"{package['name']} {package['version']}"
    licence = package["license"]
    if not licence:
        yield f"{name}: no licence is named"
    elif not fits(licence, allowed):
        yield f"{name}: its licence is {licence}"
    if package["source"] is not None and package["source"] != REGISTRY:
        yield f"{name}: comes from {package['source']}"
    if package["name"] in NETWORK_CRATES:
        yield f"{name}: speaks to a network"
    for file in build_scripts(package):
        word = NETWORK_WORDS.search(without_comments(file.read_text(errors="replace")))
        if word:
            yield f"{name}: its build script says {word[0]}"


def main():
    allowed = allowed_licences((ROOT / "deny.toml").read_text())
    packages = {}
    for target in TARGETS:
        metadata = json.loads(
            cargo("metadata", "--format-version", "1", "--filter-platform", target)
        )
        wanted = built(target)
        packages.update(
            (p["id"], p) for p in metadata["packages"] if (p["name"], p["version"]) in wanted
        )
    problems = [line for p in packages.values() for line in problems_of(p, allowed)]
    scripts = sum(1 for p in packages.values() if list(build_scripts(p)))
    print(
        f"{len(packages)} crates, {scripts} with a build script: "
        f"{len(problems)} problems with licences, sources or downloads"
    )
    for problem in problems:
        print(f"  {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
