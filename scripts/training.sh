#!/bin/sh
# Builds and tests the trainer's training with burn on the processor: what scripts/all.sh leaves out.
set -eu

exec "$(dirname "$0")/cargo.sh" test -p face8x-train --no-default-features --features flex --lib --bins train::
