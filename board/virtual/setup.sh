#!/bin/sh
# Fetches what the virtual board runs on, all by package names from Debian, and unpacks it into the
# cache: an arm64 kernel, busybox and QEMU. Nothing of it is installed. Quick where all is there; exits
# with 77 where something cannot be had here.
set -eu

here=$(dirname "$0")
. "$here/../../cross/debian.sh"
suite=${KERNEL_SUITE:-bookworm}

fetch_kernel() {
    kernel=$cache/kernel-$suite
    if [ -e "$kernel/boot" ]; then
        return
    fi
    echo "fetching Debian's $suite kernel for arm64"
    private_root arm64 "$suite"
    package=$(private_apt "$cache/apt/$suite-arm64" cache arm64 depends linux-image-arm64 |
        sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
    unpack_packages arm64 "$suite" "$kernel" "$package"
}

fetch_busybox() {
    if [ -e "$cache/busybox/bin/busybox" ]; then
        return
    fi
    echo "fetching busybox for arm64"
    unpack_packages arm64 "$suite" "$cache/busybox" busybox-static
}

# QEMU is unpacked and not installed: other packages of QEMU may be there in another version, and
# would have to go. What it depends on comes with it where this machine does not have it. One that is
# installed is taken as it is: apt would fetch parts of it only.
fetch_qemu() {
    if [ -x "$cache/qemu/usr/bin/qemu-system-aarch64" ] || command -v qemu-system-aarch64 >/dev/null; then
        return
    fi
    echo "fetching QEMU"
    rm -rf "$cache/qemu.part" "$cache/qemu-debs"
    mkdir -p "$cache/qemu.part" "$cache/qemu-debs/archives/partial"
    apt-get -q -y --no-install-recommends --download-only -o "Debug::NoLocking=true" \
        -o "Dir::Cache::archives=$cache/qemu-debs/archives" \
        -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" \
        install qemu-system-arm >"$cache/qemu-debs/log" 2>&1 || {
        cat "$cache/qemu-debs/log" >&2
        echo "QEMU cannot be fetched: run apt-get update as root, then this again" >&2
        return 77
    }
    for package in "$cache"/qemu-debs/archives/*.deb; do
        dpkg-deb -x "$package" "$cache/qemu.part"
    done
    rm -rf "$cache/qemu-debs" "$cache/qemu"
    mv "$cache/qemu.part" "$cache/qemu"
}

"$here/../../scripts/install.sh" device-tree-compiler
fetch_kernel
fetch_busybox
fetch_qemu
