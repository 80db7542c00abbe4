#!/bin/sh
# Tests of the scripts in Python, and what they say about this tree: the docs' tables and links, the
# stored results and the dependencies.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/checks"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
export PYTHONDONTWRITEBYTECODE=1

# Runs a command; prints what it says where it fails.
outcome() {
    if "$@" >"$folder/output" 2>&1; then echo good; else cat "$folder/output"; fi
}

check "the scripts do what they should" good "$(outcome python3 "$here/test_python.py")"
check "the import rules' script does what it should" good "$(outcome python3 "$here/test_imports.py")"
check "the type names' script does what it should" good "$(outcome python3 "$here/test_names.py")"
check "the packages have what they should" good "$(outcome python3 "$here/test_package.py")"
check "the links' script does what it should" good "$(outcome python3 "$here/test_links.py")"
check "the script that compares detectors does what it should" good \
    "$(outcome python3 "$here/test_peers.py")"
check "the moving picture's script writes what it should" good \
    "$(outcome python3 "$here/test_moving_picture.py")"
check "imports keep the rules, and the graph in ARCHITECTURE.md is current" good \
    "$(outcome "$here/../imports.py" --check)"
check "every type name is used once" good "$(outcome "$here/../names.py")"
check "the docs' tables are those of docs/results" good "$(outcome "$here/../results.py" readme --check)"
check "the list of unsafe code in docs/security.md is current" good "$(outcome "$here/../unsafe.py" --check)"
check "links lead somewhere, and docs/SUMMARY.md names every page" good "$(outcome "$here/../links.py")"
check "licences, sources, lock file and build scripts" good "$(outcome "$here/../supply_chain.py")"
if command -v cargo-deny >/dev/null 2>&1; then
    check "cargo deny" good "$(outcome "$here/../deny.sh")"
    grep '^skipped: ' "$folder/output"
else
    echo "skipped: cargo deny, which takes four minutes to install: make deny"
fi

finish
