#!/bin/sh
# The whole pipeline through 200,000 pictures with every fault, and its report.
#
# It runs optimised, but with the overflow checks and debug assertions of the tests, and takes the
# dependencies that the tests have built already: only the program itself is compiled once more.
# Arguments are those of face8x-soak.
set -u

cd "$(dirname "$0")/.." || exit 1
. scripts/tests/checks
target=${CARGO_TARGET_DIR:-target}

CARGO_PROFILE_DEV_OPT_LEVEL=3 scripts/all.sh build --bin face8x-soak || exit 1
mkdir -p "$target/soak"
"$target/debug/face8x-soak" --report "$target/soak/report.md" --report "$target/soak/report.json" "$@"
check "the pipeline survives 200,000 pictures and every fault" 0 $?
finish
