#!/bin/sh
# Sums up the output of a test run: prints what failed, with the beginning of what it said, then "N passed,
# N failed" (and ", N skipped"), and fails where anything failed.
#
# usage: summary.sh LOG STEPS
#   LOG    what the test programs printed: the lines "test result: ..." are summed, ignored tests
#          and lines with "skipped: REASON" are skipped ones
#   STEPS  the exit status of every step, one a line; the last is that of the test programs. A step
#          that failed without a failed test (the format, a compile error, a crash) counts as one.
set -eu

awk '
    FILENAME == ARGV[1] && /^test result: / {
        for (i = 2; i <= NF; i++) {
            if ($i == "passed;") passed += $(i - 1)
            if ($i == "failed;") failed += $(i - 1)
            if ($i == "ignored;") skipped += $(i - 1)
        }
        next
    }
    FILENAME == ARGV[1] && /(^|\.\.\. )skipped: / { skipped++ }
    FILENAME == ARGV[1] && /^test .* \.\.\. FAILED/ {
        sub(/^test /, "")
        sub(/ \.\.\. FAILED/, "")
        print "failed: " $0
    }
    # What a test program of cargo says of a test that failed, after all of them.
    FILENAME == ARGV[1] && /^---- .* stdout ----$/ {
        lines = 12
        print "output of " $2 ":"
        next
    }
    FILENAME == ARGV[1] && /^(failures:|note: run with `RUST_BACKTRACE=1`.*)$/ { lines = 0 }
    FILENAME == ARGV[1] && lines > 0 && NF {
        lines--
        print "    " $0
    }
    FILENAME == ARGV[2] && NF {
        steps++
        if (last != "" && last != 0) broken++
        last = $1
    }
    END {
        # The test programs say themselves what failed, unless they did not come to it.
        if (steps == 0 || (last != 0 && failed == 0)) broken++
        failed += broken
        # A run that tests nothing proves nothing.
        if (passed + failed == 0) failed = 1
        printf "%d passed, %d failed%s\n", passed, failed, (skipped ? ", " skipped " skipped" : "")
        exit (failed > 0)
    }
' "$1" "$2"
