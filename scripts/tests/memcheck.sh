#!/bin/sh
# The integer kernels' memory accesses, under Valgrind.
exec "$(dirname "$0")/../memcheck.sh"
