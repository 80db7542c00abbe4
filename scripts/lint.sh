#!/bin/sh
# Checks the format and lints, warnings denied, with all parts and with none of the optional ones.
set -u

cargo=$(dirname "$0")/cargo.sh
failed=0
"$cargo" fmt --all --check || failed=1
"$cargo" fmt --manifest-path fuzz/Cargo.toml --check || failed=1
"$cargo" clippy --all-targets -- -D warnings || failed=1
"$cargo" clippy --lib --no-default-features -- -D warnings || failed=1
# The trainer without burn, whose build takes longer than all the rest (make test-training).
"$cargo" clippy -p face8x-train --no-default-features --all-targets -- -D warnings || failed=1
"$cargo" clippy -p face8x-board --all-targets -- -D warnings || failed=1
RUSTDOCFLAGS="-D warnings" "$cargo" doc --no-deps || failed=1
exit "$failed"
