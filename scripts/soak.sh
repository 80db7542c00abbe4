#!/bin/sh
# Runs the whole pipeline for 200,000 pictures with every fault (tests/soak), and writes the report.
#
# usage: soak.sh [ARGUMENTS OF face8x-soak]
#
# It is optimised, but has the overflow checks and debug assertions of the tests. It takes the
# dependencies that the tests have built: only our own crates are compiled once more, and with
# CARGO_PROFILE_DEV_OPT_LEVEL=1, as a short run is quicker, not even those.
set -u

cd "$(dirname "$0")/.." || exit 1
. scripts/tests/checks
target=${CARGO_TARGET_DIR:-target}

CARGO_PROFILE_DEV_OPT_LEVEL=${CARGO_PROFILE_DEV_OPT_LEVEL:-3} scripts/all.sh build --bin face8x-soak || exit 1
mkdir -p "$target/soak"
"$target/debug/face8x-soak" --report "$target/soak/report.md" --report "$target/soak/report.json" "$@"
check "the pipeline recovers from every fault" 0 $?
finish
