#!/bin/sh
# Runs the integer engine's tests, built for the target, under qemu-user: its kernels are chosen at
# run time, so on each of three processors. Other tests: test.sh TARGET FILTER. They are built
# as release, not as shipped: without link-time optimisation, which takes minutes for each link.
#
# Exits with 77 if the packages cannot be fetched.
#
# usage: test.sh [TARGET [FILTER...]]
set -eu

here=$(dirname "$0")
. "$here/debian.sh"
target=${1:-aarch64-unknown-linux-gnu}
[ "$#" = 0 ] || shift
case $target in
# Without and with dot products (sdot), and with everything that QEMU knows.
aarch64-*) processors="cortex-a53 cortex-a76 max" ;;
armv7-*) processors=cortex-a7 ;;
*) processors=max ;;
esac

needs "the tests for $target" "$here/toolchain.sh" "$target"
for processor in $processors; do
    echo "$target on $processor"
    skip=
    if [ "$#" = 0 ]; then
        # Damaged files are the same to every processor of 64 bits, and every test run has one.
        case $target in
        aarch64-*) skip="--skip tests::mutations" ;;
        esac
        # The last processor has every kernel: the longest tests, of whole networks by each kernel that there
        # is and of graphs that tract runs too, say nothing more on the others. They run those of each kernel
        # by itself and of the detector.
        if [ "$processor" != "${processors##* }" ]; then
            skip="$skip --skip tests::digests --skip tests::every_kernel_gives_tracts_bytes"
            skip="$skip --skip tests::graphs::random_graphs_give_tracts_bytes"
        fi
    fi
    # shellcheck disable=SC2086 # two options and their values
    QEMU_CPU=$processor "$here/cargo.sh" "$target" test --release -p int8 --lib -- $skip "$@"
done
