#!/bin/sh
# Sums up the output of a test run: prints "N passed, N failed" (and ", N skipped") and fails where
# anything failed.
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
