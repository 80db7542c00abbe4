#!/bin/sh
# Checks the format and lints, warnings denied, with all parts and with none of the optional ones.
set -u

cargo=$(dirname "$0")/cargo.sh
failed=0
"$cargo" fmt --all --check || failed=1
"$cargo" clippy --workspace --all-targets -- -D warnings || failed=1
"$cargo" clippy --lib --no-default-features -- -D warnings || failed=1
RUSTDOCFLAGS="-D warnings" "$cargo" doc --workspace --no-deps || failed=1
exit "$failed"
