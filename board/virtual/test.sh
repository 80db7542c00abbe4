#!/bin/sh
# Builds face8x for the host and for aarch64, fetches the virtual board, and runs the test on it.
# The last line counts what passed and failed; the exit code is 1 if one failed, and 77 if the
# packages cannot be fetched.
#
# PROFILE is what is tested: "shipped", what boards get, or "release", the same without link-time
# optimisation, which takes minutes for each link.
#
# usage: test.sh [PROFILE]    (default: shipped)
#
# LONG=1 unplugs the camera 100 times instead of once. PARTS="bare panel" runs only these parts of
# the test (the files of guest/), whose missing pictures then fail.
set -eu

cd "$(dirname "$0")/../.."
here=board/virtual
target=aarch64-unknown-linux-gnu
folder=${CARGO_TARGET_DIR:-target}
. cross/debian.sh
. cross/targets.sh
target_facts "$target"
profile=${1:-shipped}

needs "the virtual board" cross/toolchain.sh "$target"
needs "the virtual board" "$here/setup.sh"
echo "the virtual board: the profile $profile"
cross/cargo.sh "$target" build --profile "$profile" --bin face8x
cross/check.sh "$target" "$profile"
# The tools need not be small.
cross/cargo.sh "$target" build --release -p face8x -p face8x-board
scripts/all.sh build --bin face8x --bin face8x-board
exec python3 -B "$here/run.py" "$folder/debug/face8x" "$folder/debug/face8x-board" \
    "$folder/$target/release/face8x" "$folder/$target/release/face8x-board" \
    "$sysroot" "$cache" "$folder/board-test"
