#!/bin/sh
# Tests what the cross builds and the virtual board do where packages cannot be fetched, with fakes of
# apt-get: only that counts as skipped.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/checks"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
printf '#!/bin/sh\n' >"$folder/bin/sleep"
chmod +x "$folder/bin/sleep"

# apt SCRIPT: the machine's apt-get from now on, with an empty cache.
apt() {
    rm -rf "$folder/cache"
    printf '#!/bin/sh\n%s\n' "$1" >"$folder/bin/apt-get"
    chmod +x "$folder/bin/apt-get"
}

# setup COMMAND...: runs it as a test does; prints its status and what it says on standard output.
setup() {
    said=$(PATH="$folder/bin:$PATH" FACE8X_CROSS_CACHE="$folder/cache" sh -eu -c '
        . "$0/cross/debian.sh"
        needs "the test" "$@"' "$here/../.." "$@" 2>/dev/null)
    echo "$?: $said"
}
skipped="77: skipped: the test: its packages cannot be fetched here"
unpack="unpack_packages arm64 bookworm $folder/cache/made hello"

check "a set-up that works goes on" "0: " "$(setup true)"
check "a set-up that fails is a failure" "3: " "$(setup sh -c 'exit 3')"
apt 'exit 100'
check "a list that cannot be fetched is skipped" "$skipped" "$(setup private_root arm64 bookworm)"
apt 'case " $* " in *" download "*) exit 100 ;; esac'
# shellcheck disable=SC2086
check "a package that cannot be fetched is skipped" "$skipped" "$(setup $unpack)"
apt 'case " $* " in *" download "*) echo broken >hello.deb ;; esac'
# shellcheck disable=SC2086
check "a broken package is a failure" "1: " "$(setup $unpack)"
: >"$folder/file"
check "a cache that cannot be written is a failure" "1: " \
    "$(setup sh -c "FACE8X_CROSS_CACHE=$folder/file . $here/../../cross/debian.sh; private_root arm64 bookworm")"
finish
