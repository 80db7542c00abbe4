#!/bin/sh
# Checks the format and lints, warnings denied, with all parts and with none of the optional ones.
set -u

scripts=$(dirname "$0")
cargo=$scripts/cargo.sh
failed=0
"$cargo" fmt --all --check || failed=1
"$cargo" fmt --manifest-path tests/fuzz/Cargo.toml --check || failed=1
# The trainer without burn, whose build takes longer than all the rest (make test-training).
"$scripts/all.sh" clippy --all-targets -- -D warnings || failed=1
"$cargo" clippy -p face8x -p face8x-core -p int8 -p face8x-train --lib --no-default-features -- -D warnings || failed=1
if command -v c++ >/dev/null 2>&1; then
    # libFuzzer itself is compiled for this.
    "$cargo" clippy --manifest-path tests/fuzz/Cargo.toml --all-targets -- -D warnings || failed=1
else
    echo "skipped: linting the fuzz targets, which need a C++ compiler: apt-get install g++"
fi
RUSTDOCFLAGS="-D warnings" "$scripts/all.sh" doc --no-deps || failed=1
exit "$failed"
