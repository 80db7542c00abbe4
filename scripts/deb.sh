#!/bin/sh
# Makes Debian packages for the boards and checks them with lintian, where that is
# installed. What is built already is not built again.
#
# usage: deb.sh [ARCHITECTURE...]    arm64 and armhf where none is named; amd64 is this machine's
set -eu

cd "$(dirname "$0")/.."
build=${CARGO_TARGET_DIR:-target}
tools=$build/tools
cargo_deb=3.8.0

# Runs the cargo-deb of this version, which is kept beside what else was built.
cargo_deb() {
    if ! "$tools/bin/cargo-deb" --version 2>/dev/null | grep -qx "cargo-deb $cargo_deb"; then
        scripts/cargo.sh install cargo-deb --locked --version "$cargo_deb" --root "$tools" \
            --target-dir "$tools/build"
        # Its own build is ten times as large.
        rm -rf "$tools/build"
    fi
    scripts/cargo.sh deb "$@"
}

# extras FOLDER: the manual pages and completions, which the program writes itself. They are the
# same on every architecture, so a build for this machine does it.
extras() {
    scripts/all.sh build --bin face8x
    mkdir -p "$1"
    "$build/debug/face8x" man "$1/man"
    gzip -9n "$1"/man/*.1
    "$build/debug/face8x" completions bash >"$1/face8x.bash"
    "$build/debug/face8x" completions zsh >"$1/_face8x"
    "$build/debug/face8x" completions fish >"$1/face8x.fish"
}

# package ARCHITECTURE: builds the program and makes its package.
package() {
    case $1 in
    arm64) target=aarch64-unknown-linux-gnu ;;
    armhf) target=armv7-unknown-linux-gnueabihf ;;
    amd64) target= ;;
    esac
    if [ -n "$target" ]; then cross/build.sh "$target"; else scripts/cargo.sh build --profile shipped; fi
    built=$build/${target:+$target/}shipped
    rm -rf "$built/package"
    cp -R "$build/package" "$built/package"
    # Cargo has stripped the program, with the right tool for its architecture.
    cargo_deb --profile shipped --no-build --no-strip --locked ${target:+--target "$target"} --output "$build/deb/"
}

[ $# -gt 0 ] || set -- arm64 armhf
for architecture in "$@"; do
    case $architecture in
    arm64 | armhf | amd64) ;;
    *)
        echo "there is no package for $architecture: choose arm64, armhf or amd64" >&2
        exit 2
        ;;
    esac
done
PATH="$(cd "$build" && mkdir -p tools/bin && pwd)/tools/bin:$PATH"
rm -rf "$build/package" "$build/deb"
mkdir -p "$build/deb"
extras "$build/package"
for architecture in "$@"; do
    package "$architecture"
done
if command -v lintian >/dev/null 2>&1; then
    lintian --tag-display-limit 0 --fail-on error,warning "$build"/deb/*.deb
else
    echo "skipped: lintian is not installed"
fi
(cd "$build/deb" && sha256sum ./*.deb >SHA256SUMS && ls -l)
