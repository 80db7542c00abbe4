#!/bin/sh
# Fuzzes what reads bytes from outside (tests/fuzz), with libFuzzer.
#
# usage: fuzz.sh [TARGET [SECONDS]]
#   TARGET    one of tests/fuzz/src/bin, or all; without one, a short run of all of them that takes the
#             same inputs every time, 5000 at most
#   SECONDS   how long, 60 by default; interesting inputs are kept for the next time
#
# A nightly toolchain is used where there is one, with the address sanitizer; FUZZ_TOOLCHAIN names
# another one. An input that fails is kept, and how to run it again is printed.
set -u

cd "$(dirname "$0")/.." || exit 1
. scripts/tests/checks
out=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
# Where rustup puts them, should this shell not know yet.
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
target=${1:-all}
short=no
[ $# -gt 0 ] || short=yes
seconds=${2:-60}
case $seconds in
"" | *[!0-9]*)
    echo "usage: fuzz.sh [TARGET [SECONDS]]" >&2
    exit 2
    ;;
esac
if [ "$target" != all ] && ! [ -e "tests/fuzz/src/bin/$target.rs" ]; then
    echo "unknown fuzz target '$target'; valid values: the names of the files in tests/fuzz/src/bin" >&2
    exit 2
fi

if ! command -v c++ >/dev/null 2>&1; then
    echo "skipped: the fuzz targets, which need a C++ compiler: apt-get install g++"
    exit 0
fi

# Whether there is a nightly toolchain with the sanitizer's library.
nightly() {
    command -v rustup >/dev/null 2>&1 && rustup toolchain list | grep -q '^nightly-' || return
    [ -e "$(rustc +nightly --print target-libdir)/librustc-nightly_rt.asan.a" ]
}

# Coverage as libFuzzer needs it: a counter for every edge, and the operands of comparisons.
flags="--cfg fuzzing -Cpasses=sancov-module"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags="$flags -Cllvm-args=-sanitizer-coverage-$option"
done
toolchain=${FUZZ_TOOLCHAIN:-}
if [ -z "$toolchain" ] && nightly; then
    toolchain=nightly
fi
case $toolchain in
nightly*)
    flags="$flags -Zsanitizer=address"
    out=$out-$toolchain
    ;;
esac

FUZZ_FLAGS=$flags RUSTC_WRAPPER=$PWD/scripts/fuzz-rustc.sh CARGO_TARGET_DIR=$out \
    scripts/cargo.sh ${toolchain:+"+$toolchain"} build --manifest-path tests/fuzz/Cargo.toml --profile fuzz --bins ||
    exit 1

# Every input needs temporary files: in memory where that is possible.
memory=/dev/shm
[ -w "$memory" ] || memory=${TMPDIR:-/tmp}
TMPDIR=$(mktemp -d "$memory/face8x-fuzz.XXXXXX") || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

dictionary() {
    case $1 in
    mjpeg | jpeg | pipe) echo mjpeg ;;
    config) echo toml ;;
    values) echo values ;;
    http) echo http ;;
    model | detector) echo onnx ;;
    report | dataset | heatmaps | boxes | weights) echo json ;;
    esac
}

fuzz() {
    name=$1
    program=$out/fuzz/$name
    kept=$out/corpus/$name
    broken=$out/broken/$name
    mkdir -p "$broken"
    words=$(dictionary "$name")
    set -- -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$broken/"
    [ -z "$words" ] || set -- "$@" "-dict=tests/fuzz/dictionaries/$words.dict"
    if [ "$short" = yes ]; then
        kept=$TMPDIR/corpus
        rm -rf "$kept"
        # Not a time alone: a fast machine must not try inputs that no other tried.
        set -- "$@" -seed=1 -runs=5000 -max_total_time=10
    else
        set -- "$@" -max_total_time="$seconds"
    fi
    mkdir -p "$kept"
    ASAN_OPTIONS=detect_leaks=0 "$program" "$@" "$kept" "tests/fuzz/corpus/$name" >"$TMPDIR/log" 2>&1
    code=$?
    awk -v name="$name" '
        /^stat::number_of_executed_units:/ { runs = $2 }
        /^stat::peak_rss_mb:/ { memory = $2 }
        / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cover = $(i + 1) }
        END { printf "%s: %d inputs, %d edges, %d MB\n", name, runs, cover, memory }
    ' "$TMPDIR/log"
    if [ "$code" != 0 ]; then
        tail -n 40 "$TMPDIR/log"
        echo "to run it again: $program FILE, with the file below $broken that is named above"
    fi
    check "fuzzing $name" 0 "$code"
}

for source in tests/fuzz/src/bin/*.rs; do
    name=$(basename "$source" .rs)
    if [ "$target" = all ] || [ "$target" = "$name" ]; then
        fuzz "$name"
    fi
done
finish
