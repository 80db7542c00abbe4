#!/bin/sh
# Builds the binary of face8x for each target, as it is shipped, and checks it.
#
# usage: build.sh [TARGET...]    (default: aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf)
set -eu

here=$(dirname "$0")
[ "$#" -gt 0 ] || set -- aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf
for target in "$@"; do
    "$here/toolchain.sh" "$target"
    "$here/cargo.sh" "$target" build --profile shipped --bin face8x
    "$here/check.sh" "$target"
done
