#!/bin/sh
# Builds face8x for the host and for aarch64, fetches the virtual board, and runs the test on it.
# The last line counts what passed and failed; the exit code is the verdict, 77 where the packages
# cannot be had.
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

{ cross/toolchain.sh "$target" && "$here/setup.sh"; } || {
    echo "skipped: the virtual board: its packages cannot be had here"
    exit 77
}
cross/cargo.sh "$target" build --release -p face8x -p face8x-board
cross/check.sh "$target"
scripts/cargo.sh build -p face8x -p face8x-board
exec python3 -B "$here/run.py" "$folder/debug/face8x" "$folder/debug/face8x-board" \
    "$folder/$target/release/face8x" "$folder/$target/release/face8x-board" \
    "$sysroot" "$cache" "$folder/board-test"
