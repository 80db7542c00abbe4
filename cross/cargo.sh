#!/bin/sh
# Runs cargo for TARGET with the toolchain that toolchain.sh made; the other arguments are cargo's,
# without --target. Programs that cargo starts (cargo test) run under qemu-user.
#
# usage: cargo.sh TARGET build --profile shipped
set -eu

here=$(dirname "$0")
. "$here/debian.sh"
. "$here/targets.sh"
target_facts "${1:?usage: cargo.sh TARGET COMMAND...}"
command=${2:?usage: cargo.sh TARGET COMMAND...}
shift 2

# aarch64_unknown_linux_gnu in the names of cc and bindgen, in capitals in cargo's.
name=$(echo "$target" | tr - _)
upper=$(echo "$name" | tr '[:lower:]' '[:upper:]')
export "CC_$name=$linker" "AR_$name=$triplet-ar"
export "CARGO_TARGET_${upper}_LINKER=$linker"
export "CARGO_TARGET_${upper}_RUNNER=$emulator -L $sysroot"
export "BINDGEN_EXTRA_CLANG_ARGS_$name=--sysroot=$sysroot -I$sysroot/usr/include/$triplet"
case $target in
armv7-*)
    # The target's baseline has no NEON, and without it the compiler vectorises nothing; every board
    # with this processor that face8x is for has it. rustc warns that the feature is not stable. The
    # cfg makes the program look for NEON when it starts.
    export "CARGO_TARGET_${upper}_RUSTFLAGS=-C target-feature=+neon --cfg face8x_neon"
    ;;
esac
if [ -x "$rustc" ]; then
    export RUSTC="$rustc" RUSTDOC=/usr/bin/rustdoc
fi

exec "$here/../scripts/cargo.sh" "$command" --target "$target" "$@"
