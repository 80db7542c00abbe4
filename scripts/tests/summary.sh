#!/bin/sh
# Tests of summary.sh with recorded outputs.
set -u

here=$(dirname "$0")
. "$here/checks"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

# expect NAME LINE STATUS STEPS, with the log on standard input: LINE is what must be printed,
# STEPS are the exit statuses of the steps.
expect() {
    cat >"$folder/log"
    : >"$folder/steps"
    for status in $4; do echo "$status" >>"$folder/steps"; done
    line=$("$here/../summary.sh" "$folder/log" "$folder/steps")
    check "$1" "$2 (status $3)" "$line (status $?)"
}

expect "test programs are summed" "35 passed, 0 failed" 0 "0 0 0" <<END
   Compiling face8x v0.1.0
     Running unittests src/lib.rs (target/debug/deps/face8x-0123456789abcdef)

running 32 tests
test board::tests::an_empty_machine_tells_nothing ... ok
test result: ok. 32 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.57s

   Doc-tests face8x

running 3 tests
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.03s
END

expect "failed tests are named and counted once" "failed: stats::tests::only_the_last_second_counts
failed: the page moves: not so within 30 s
output of stats::tests::only_the_last_second_counts:
    thread 'main' (7) panicked at src/stats.rs:12:5:
    assertion failed: now < then
11 passed, 2 failed" 1 "0 0 101" <<END
test stats::tests::only_the_last_second_counts ... FAILED
test the page moves ... FAILED: not so within 30 s

failures:

---- stats::tests::only_the_last_second_counts stdout ----

thread 'main' (7) panicked at src/stats.rs:12:5:
assertion failed: now < then
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace


failures:
    stats::tests::only_the_last_second_counts

test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
error: test failed, to rerun pass \`--lib\`
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
error: 1 target failed:
    \`--lib\`
END

expect "a compile error is a failure" "7 passed, 1 failed" 1 "0 0 101" <<END
test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out
error[E0425]: cannot find value \`x\` in this scope
error: could not compile \`face8x\` (lib test) due to 1 previous error
END

expect "a compile error alone fails the lint and the tests" "0 passed, 2 failed" 1 "0 101 101" <<END
error: could not compile \`face8x\` (lib) due to 1 previous error
END

expect "a crashed test program is a failure" "5 passed, 1 failed" 1 "0 0 101" <<END
test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out
error: test failed, to rerun pass \`--test kiosk\`
  process didn't exit successfully: \`kiosk-0123\` (signal: 6, SIGABRT: process abort signal)
END

expect "a failed step is a failure" "5 passed, 1 failed" 1 "0 1 0" <<END
Diff in src/main.rs:1:
test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out
END

expect "skipped and ignored tests are counted" "5 passed, 0 failed, 4 skipped" 0 "0 0 0" <<END
skipped: no X server
test window::opens ... skipped: Xvfb is not installed
test window::opens ... ok
skipped: no camera
test that_nothing_is_skipped: is_a_name ... ok
test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out
END

expect "nothing tested is a failure" "0 passed, 1 failed" 1 "0 0 0" <<END
running 0 tests
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out
END

expect "an empty run is a failure" "0 passed, 1 failed" 1 "" </dev/null

finish
