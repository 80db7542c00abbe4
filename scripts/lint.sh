#!/bin/sh
# Checks the format and lints, warnings denied, with the optional parts and without them.
set -u

cd "$(dirname "$0")/.." || exit 1
cargo=scripts/cargo.sh
fuzz=tests/fuzz/Cargo.toml
failed=0
"$cargo" fmt --all --check || failed=1
"$cargo" fmt --manifest-path "$fuzz" --check || failed=1
"$cargo" fmt --manifest-path scripts/peers/rust/Cargo.toml --check || failed=1
# The trainer without burn, whose build takes longer than all the rest (scripts/training.sh).
scripts/all.sh clippy --all-targets -- -D warnings || failed=1
"$cargo" clippy -p face8x -p face8x-core -p int8 -p face8x-train --lib --no-default-features -- -D warnings || failed=1
if command -v c++ >/dev/null 2>&1; then
    # libFuzzer itself is compiled for this. What both workspaces need is compiled once.
    CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target} \
        "$cargo" clippy --manifest-path "$fuzz" --all-targets -- -D warnings || failed=1
else
    echo "skipped: linting the fuzz targets, which need a C++ compiler: apt-get install g++"
fi
RUSTDOCFLAGS="-D warnings" scripts/all.sh doc --no-deps || failed=1
exit "$failed"
