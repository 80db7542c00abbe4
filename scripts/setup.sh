#!/bin/sh
# Installs the Debian packages that are missing: those that building and running need, and with
# --tests those of the tests too. Does nothing, quickly, where all are there.
set -eu

scripts=$(dirname "$0")
# / in tests.
root=${FACE8X_ROOT:-}

# winit loads the libraries of X11 and Wayland when it opens a window.
packages="gcc libc6-dev
libxkbcommon0 libxkbcommon-x11-0 libwayland-client0 libx11-6 libx11-xcb1 libxcursor1 libxi6
libxrandr2"
tests=no
case ${1:-} in
"") ;;
--tests)
    tests=yes
    # The window is tested on a virtual screen, the pictures and the kernels by other
    # people's programs; scripts check results and dependencies; libFuzzer is written in C++.
    packages="$packages xvfb x11-apps imagemagick file valgrind python3 g++"
    ;;
*)
    echo "usage: setup.sh [--tests]" >&2
    exit 2
    ;;
esac

# The small packages of libclang are named after the version that the distribution has.
libclang_packages() {
    version=
    if [ -r "$root/etc/os-release" ]; then
        # shellcheck disable=SC1091
        version=$(. "$root/etc/os-release" && echo "${ID:-}${VERSION_ID:-}")
    fi
    case $version in
    debian12 | raspbian12) echo "libclang1-14 libclang-common-14-dev" ;;
    debian13 | raspbian13) echo "libclang1-19 libclang-common-19-dev" ;;
    *) echo "libclang-dev" ;;
    esac
}

if command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then
    if ! "$scripts/libclang.sh" >/dev/null; then
        packages="$(libclang_packages) $packages"
    fi
    # shellcheck disable=SC2086
    "$scripts/install.sh" $packages
elif ! "$scripts/libclang.sh" >/dev/null; then
    cat >&2 <<END
this is not Debian: install a C compiler and libclang with its header files yourself
  Fedora: sudo dnf install gcc clang-devel        Arch: sudo pacman -S gcc clang
  Alpine: sudo apk add gcc musl-dev clang-dev     openSUSE: sudo zypper install gcc clang-devel
a window also needs libxkbcommon and the libraries of Wayland or X11
END
    exit 1
fi

"$scripts/cargo.sh" --version >/dev/null
if [ "$tests" = yes ]; then
    for tool in fmt clippy; do
        if ! "$scripts/cargo.sh" "$tool" --version >/dev/null 2>&1; then
            rustup component add rustfmt clippy
            break
        fi
    done
fi
