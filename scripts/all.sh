#!/bin/sh
# Runs cargo COMMAND for every crate of the workspace at once, the trainer without burn: what they
# depend on is then compiled once. One by one they ask for different features of the same crates, and
# cargo would compile tract for each.
#
# usage: all.sh COMMAND...
set -eu

command=${1:?usage: all.sh COMMAND...}
shift
exec "$(dirname "$0")/cargo.sh" "$command" -p face8x -p face8x-train -p face8x-board -p face8x-soak -p face8x-core -p int8 \
    --no-default-features --features face8x/default "$@"
