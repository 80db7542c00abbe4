#!/bin/sh
# Tests of board/debian/face8x.service by systemd's own judge.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/checks"
if ! command -v systemd-analyze >/dev/null 2>&1; then
    echo "skipped: the systemd unit, because systemd-analyze is not installed"
    exit 0
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
unit=$here/../../board/debian/face8x.service

# exposed FILE: whether systemd thinks it more exposed than 2.0 of 10.
exposed() {
    if systemd-analyze security --offline=true --no-pager --threshold=20 "$1" >"$folder/log" 2>&1
    then echo no; else echo yes; fi
}

check "the unit is exposed at most 2.0 of 10" no "$(exposed "$unit")"
tail -n 1 "$folder/log"
mkdir "$folder/bare"
grep -v -e Protect -e Private -e Restrict -e Capability -e SystemCall "$unit" \
    >"$folder/bare/face8x.service"
check "without its protection it would be more exposed" yes "$(exposed "$folder/bare/face8x.service")"

# The program does not have to be installed here.
sed 's|^ExecStart=/usr/bin/face8x|ExecStart=/bin/true|' "$unit" >"$folder/face8x.service"
check "systemd finds nothing to say about the unit" "" \
    "$(systemd-analyze verify --man=no "$folder/face8x.service" 2>&1)"
sed 's/^WatchdogSec=.*/WatchdogSecs=30/' "$folder/face8x.service" >"$folder/bare/face8x.service"
check "systemd would name a wrong key" 1 \
    "$(systemd-analyze verify --man=no "$folder/bare/face8x.service" 2>&1 | grep -c WatchdogSecs)"

finish
