# Sourced after debian.sh: the facts of a target.

# The suite of Debian whose C library is linked with.
libc_suite=${LIBC_SUITE:-bullseye}

# target_facts TARGET: sets target, triplet (Debian's name), architecture (dpkg's name), machine
# (readelf's name), emulator (of qemu-user) and the places of the toolchain.
target_facts() {
    target=$1
    case $target in
    aarch64-unknown-linux-gnu)
        triplet=aarch64-linux-gnu
        architecture=arm64
        machine=AArch64
        emulator=qemu-aarch64-static
        ;;
    armv7-unknown-linux-gnueabihf)
        triplet=arm-linux-gnueabihf
        architecture=armhf
        machine=ARM
        emulator=qemu-arm-static
        ;;
    *)
        echo "$target is not a target of this build; valid values: aarch64-unknown-linux-gnu, armv7-unknown-linux-gnueabihf" >&2
        return 2
        ;;
    esac
    sysroot=$cache/libc-$libc_suite-$architecture
    linker=$cache/bin/$triplet-$libc_suite-gcc
    rust=$cache/rust-$architecture
    # Only there where Debian's compiler is used.
    rustc=$cache/bin/$triplet-rustc
}
