#!/bin/sh
# cargo deny: licences, bans, sources and, where RustSec's database can be reached, advisories.
# Installs cargo-deny where it is missing, which takes four minutes of processor time.
set -u

scripts=$(dirname "$0")
cd "$scripts/.." || exit 1
if ! command -v cargo-deny >/dev/null 2>&1; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    export PATH
fi
if ! command -v cargo-deny >/dev/null 2>&1; then
    ./scripts/cargo.sh install --locked cargo-deny || exit 1
fi

cargo-deny --locked check licenses bans sources || exit 1
# The database is a git repository on GitHub.
if timeout 60 git ls-remote -q https://github.com/RustSec/advisory-db HEAD >/dev/null 2>&1; then
    cargo-deny --locked check advisories
else
    echo "skipped: advisories, because https://github.com/RustSec/advisory-db cannot be reached"
fi
