#!/bin/sh
# Checks the binary of TARGET: that it is for that processor, that no symbol needs a newer C library
# than the supported systems have, and, as it is shipped, that it is small enough. Prints one line.
#
# usage: check.sh TARGET [PROFILE]    (default: shipped)
set -eu

here=$(dirname "$0")
. "$here/debian.sh"
. "$here/targets.sh"
target_facts "${1:?usage: check.sh TARGET [PROFILE]}"
profile=${2:-shipped}
binary=${CARGO_TARGET_DIR:-$here/../target}/$target/$profile/face8x

# Raspberry Pi OS Bullseye and JetPack 5 have glibc 2.31. Another suite's libraries have their own
# floor: LIBC_SUITE=bookworm GLIBC_FLOOR=2.36.
floor=${GLIBC_FLOOR:-2.31}
most=18700000

fail() {
    echo "$binary: $1" >&2
    exit 1
}

readelf=$triplet-readelf
"$readelf" -h "$binary" | grep -q "Machine: *$machine" || fail "it is not for $machine"
size=$(stat -c %s "$binary")
[ "$profile" != shipped ] || [ "$size" -lt "$most" ] || fail "it has $size bytes, more than the limit of $most"
needed=$("$readelf" -W -V "$binary" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV | tail -n 1)
newest=$(printf '%s\n%s\n' "$needed" "$floor" | sort -V | tail -n 1)
[ "$newest" = "$floor" ] || fail "it needs glibc $needed, which systems with $floor do not have"
echo "$target ($profile): $size bytes, needs glibc ${needed:-not at all} (the limit is $floor)"
