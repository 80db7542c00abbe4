#!/bin/sh
# Runs cargo, wherever rustup put it, with libclang found. Arguments are cargo's.
set -eu

if ! command -v cargo >/dev/null 2>&1; then
    # A shell that was started before rustup was installed does not know the folder yet.
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    export PATH
fi
if ! command -v cargo >/dev/null 2>&1; then
    echo "cargo is not installed: get rustup from https://rustup.rs and run this again" >&2
    exit 1
fi

# The bindings of the v4l crate are made with libclang, which is looked for in the system's library
# folders. For others LIBCLANG_PATH is needed. Where it would be found nothing is set: a changed variable
# makes cargo build the bindings again.
if [ -z "${LIBCLANG_PATH:-}" ]; then
    folder=$("$(dirname "$0")/libclang.sh" || true)
    case $folder in
    "" | /usr/*) ;;
    *) export LIBCLANG_PATH="$folder" ;;
    esac
fi

exec cargo "$@"
