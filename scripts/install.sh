#!/bin/sh
# Installs the named Debian packages that are missing. Does nothing, quickly, where all are there.
# Exits with 77 where they cannot be had here.
#
# usage: install.sh PACKAGE...
set -eu

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        # Without a person there is nobody to type a password.
        if [ "${CI:-}" = true ]; then sudo -n "$@"; else sudo "$@"; fi
    else
        echo "this needs the superuser and there is no sudo; as root, run: $*" >&2
        return 1
    fi
}

missing=
installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
for package in "$@"; do
    case $installed in
    *" installed:$package "*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

install_them() {
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@" $missing
}

echo "installing:$missing"
install_them && exit
# The lists of packages may be missing or old.
as_root apt-get update && install_them && exit
# Packages that can be fetched were refused for another reason.
install_them --download-only >/dev/null 2>&1 || exit 77
exit 1
