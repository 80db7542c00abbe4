#!/bin/sh
# Sets up, lints and runs every test; the last line is the sum. Every step runs even when one before
# it failed.
#
# usage: test.sh [emulated]
#   emulated   only the tests on emulated processors, the fuzz targets and the training
set -u

scripts=$(dirname "$0")
cd "$scripts/.." || exit 1
scripts=./scripts
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
log=$folder/log
steps=$folder/steps
: >"$log"
: >"$steps"

# Runs a step and keeps its exit status, which a pipe would lose.
step() {
    echo "== $*"
    {
        "$@" 2>&1
        echo $? >>"$steps"
    } | tee -a "$log"
}

# Runs a command and prints how long it took, and that it failed.
timed() {
    begun=$(date +%s)
    outcome=0
    "$@" || outcome=$?
    failure=
    [ "$outcome" = 0 ] || failure=" (exit status $outcome)"
    echo "time: $(($(date +%s) - begun)) s: $*$failure"
    return "$outcome"
}

script_tests() {
    failed=0
    for script in "$scripts"/tests/*.sh; do
        sh "$script" || failed=1
    done
    return "$failed"
}

tests() {
    status=0
    # What is emulated keeps a core busy for as long as all else: it runs beside the rest, on what that
    # leaves. What it prints comes when it ends; it is in a group of processes of its own, which timeout
    # ends with it.
    timeout 2h nice -n 10 "$scripts/test.sh" emulated >"$folder/emulated" 2>&1 &
    emulated=$!
    trap 'kill "$emulated"; exit 130' INT TERM
    timed script_tests || status=1
    # Doc tests and the binaries' tests included.
    timed "$scripts/all.sh" test --no-fail-fast || status=1
    timed ./board/monitoring/test.sh || status=1
    timed board tests/browser/test.py || status=1
    # As many faults as in 200,000 pictures, by what the tests were built for.
    timed env CARGO_PROFILE_DEV_OPT_LEVEL=1 "$scripts/soak.sh" --frames 20000 --every 100 || status=1
    timed board board/virtual/test.sh release || status=1
    wait "$emulated" || status=1
    trap - INT TERM
    cat "$folder/emulated"
    return "$status"
}

# First what is built where the virtual board's programs are, which waits for it else.
emulated() {
    status=0
    # Built for the board, on an emulated processor.
    timed board cross/test.sh || status=1
    timed board cross/test.sh armv7-unknown-linux-gnueabihf || status=1
    # Only notes: what a stage costs may change, but not unseen.
    timed board cross/frame.py --check --profile release --kernels smull --faces 1 || status=1
    timed "$scripts/fuzz.sh" || status=1
    # Builds burn, which takes longest where nothing was built before.
    timed "$scripts/training.sh" || status=1
    return "$status"
}

# Runs a test that needs Debian packages. Where they cannot be installed, it prints "skipped: REASON"
# and exits with 77.
board() {
    code=0
    "./$@" || code=$?
    [ "$code" = 0 ] || [ "$code" = 77 ]
}

if [ "${1:-}" = emulated ]; then
    emulated
    exit
fi
step timed "$scripts/setup.sh" --tests
step timed "$scripts/lint.sh"
step tests

grep '^time: ' "$log"
"$scripts/summary.sh" "$log" "$steps" | tee "$folder/summary"
# Fails as summary.sh did.
grep -q ' 0 failed' "$folder/summary"
