#!/bin/sh
# Makes what a cross build for TARGET needs: a C compiler, the C library of the oldest supported
# system, Rust's standard library. Quick where all is there; exits with 77 where something cannot be
# had here.
#
# usage: toolchain.sh TARGET    (aarch64-unknown-linux-gnu or armv7-unknown-linux-gnueabihf)
set -eu

here=$(dirname "$0")
. "$here/debian.sh"
. "$here/targets.sh"
target_facts "${1:?usage: toolchain.sh TARGET}"

# The C library to link with: Debian 11's (glibc 2.31) is that of Raspberry Pi OS Bullseye, and
# that of JetPack 5.
make_sysroot() {
    if [ -e "$sysroot/complete" ]; then
        return
    fi
    echo "fetching the C library of Debian $libc_suite for $architecture"
    unpack_packages "$architecture" "$libc_suite" "$sysroot" \
        libc6 libc6-dev libgcc-s1 linux-libc-dev libcrypt1
    # Links that begin with / would lead out of the folder.
    find "$sysroot" -type l -lname '/*' | while read -r link; do
        ln -sfn "$sysroot$(readlink "$link")" "$link"
    done
    touch "$sysroot/complete"
}

# The C compiler is Debian's for this architecture, which links with the C library above. Its own
# comes first in its search path: only -B and -L come before that. LLVM's linker, which comes with
# rustup's compiler, keeps functions of the same code once: a binary is 3 % smaller.
make_linker() {
    mkdir -p "$cache/bin"
    lld=
    for program in "$(rustc --print sysroot 2>/dev/null)"/lib/rustlib/*/bin/gcc-ld/ld.lld; do
        [ ! -x "$program" ] || lld="-B${program%/*} -fuse-ld=lld -Wl,--icf=all"
    done
    cat >"$linker.part" <<END
#!/bin/sh
exec $triplet-gcc --sysroot="$sysroot" -B"$sysroot/usr/lib/$triplet" \\
    -L"$sysroot/usr/lib/$triplet" -L"$sysroot/lib/$triplet" $lld "\$@"
END
    chmod +x "$linker.part"
    mv "$linker.part" "$linker"
}

# True where rustup has the target's standard library or can get it. RUST_FROM=debian does not ask.
rustup_has_it() {
    [ "${RUST_FROM:-}" != debian ] || return 1
    command -v rustup >/dev/null 2>&1 || return 1
    if rustup target list --installed 2>/dev/null | grep -qx "$target"; then
        return
    fi
    # Where Debian's was taken once, rustup's servers are not asked again.
    [ ! -e "$rust/complete" ] || return 1
    timeout 120 rustup target add "$target" >/dev/null 2>&1
}

# Debian's standard library for the target is that of rustc-web, and only a compiler of the same
# version can read it: both are used together, with rustup's cargo.
debian_std() {
    "$here/../scripts/install.sh" rustc-web libstd-rust-web-dev
    installed=$(dpkg-query -W -f '${Version}' libstd-rust-web-dev)
    if [ "$(cat "$rust/complete" 2>/dev/null)" = "$installed" ]; then
        return
    fi
    echo "fetching Debian's standard library of Rust for $architecture"
    version=
    for suite in bookworm-security trixie; do
        private_root "$architecture" "$suite" || { [ $? = 77 ] && continue || return 1; }
        version=$(private_apt "$cache/apt/$suite-$architecture" cache "$architecture" \
            madison libstd-rust-web-dev | awk '{ print $3 }' | grep -F "${installed%%-*}-" | head -n 1)
        [ -z "$version" ] || break
    done
    if [ -z "$version" ]; then
        echo "no libstd-rust-web-dev ${installed%%-*} for $architecture: is rustc-web up to date?" >&2
        return 77
    fi
    unpack_packages "$architecture" "$suite" "$rust" "libstd-rust-web-dev=$version"
    # Build scripts and procedural macros are built for this machine by the same compiler.
    host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
    mkdir -p "$rust/sysroot/lib/rustlib"
    ln -sfn "/usr/lib/rustlib/$host" "$rust/sysroot/lib/rustlib/$host"
    ln -sfn "$rust/usr/lib/rustlib/$target" "$rust/sysroot/lib/rustlib/$target"
    printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$rust/sysroot" >"$rust/rustc"
    chmod +x "$rust/rustc"
    echo "$installed" >"$rust/complete"
}

"$here/../scripts/install.sh" "gcc-$triplet" qemu-user-static
make_sysroot
make_linker
if rustup_has_it; then
    rm -f "$rustc"
else
    debian_std
    ln -sfn "$rust/rustc" "$rustc"
fi
