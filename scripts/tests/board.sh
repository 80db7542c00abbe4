#!/bin/sh
# The tests of the virtual board's own program, in the words of cargo's test programs.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/checks"
if ! command -v python3 >/dev/null 2>&1; then
    echo "skipped: the virtual board's own tests: no python3"
    exit 0
fi
log=$(python3 -B "$here/../../board/virtual/tests/test_vboard.py" -v 2>&1)
echo "$log"
passed=$(echo "$log" | grep -c '\.\.\. ok$')
failed=$(echo "$log" | grep -c -E '\.\.\. (FAIL|ERROR)$')
# It may not even have begun.
[ "$((passed + failed))" -gt 0 ] || failed=1
finish
