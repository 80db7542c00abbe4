#!/bin/sh
# Installs a package in a Debian root of its architecture (under qemu-user where that is not this
# machine's), starts what its unit starts, and removes it. Needs the superuser. The root is made by
# mmdebstrap once and kept.
#
# systemd is not process 1 in such a root: a stand-in (manager.py) runs the installed unit's
# ExecStart with a notification socket and stops it as systemd does. What the unit's protection
# lets through is not tested here.
#
# usage: test.sh PACKAGE.deb
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/tests/checks"

skip() {
    echo "skipped: the package's installation: $1"
    exit 0
}

package=${1:?usage: test.sh PACKAGE.deb}
architecture=$(dpkg-deb -f "$package" Architecture) || exit 1
version=$(dpkg-deb -f "$package" Version)
suite=${DEBIAN_SUITE:-bookworm}
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/face8x-deb
image=$cache/$suite-$architecture.tar

[ "$(id -u)" = 0 ] || skip "it needs the superuser"
for tool in mmdebstrap arch-test python3; do
    command -v "$tool" >/dev/null 2>&1 || skip "$tool is not installed"
done

# emulate NAME MAGIC: lets the kernel start programs of another architecture, in a changed root too
# (flag F). The magic is the head of their ELF files: class, order, type and machine.
emulate() {
    emulator=$(command -v "qemu-$1-static") || skip "qemu-user-static is not installed"
    formats=/proc/sys/fs/binfmt_misc
    [ -e "$formats/register" ] || mount -t binfmt_misc binfmt_misc "$formats" 2>/dev/null ||
        skip "the kernel has no binfmt_misc"
    [ ! -e "$formats/qemu-$1" ] || return 0
    any='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf '%s' ":qemu-$1:M::$2:$any:$emulator:F" >"$formats/register" ||
        skip "the kernel takes no emulator"
}

head='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00'
case $architecture in
"$(dpkg --print-architecture)") ;;
arm64) emulate aarch64 "$head"'\xb7\x00' ;;
armhf) emulate arm '\x7fELF\x01'"${head#'\x7fELF\x02'}"'\x28\x00' ;;
*) skip "nothing emulates $architecture" ;;
esac

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
root=$folder/root
mkdir -p "$cache" "$root"

# systemd-standalone-sysusers makes the groups; all of systemd is not needed for that.
if [ ! -e "$image" ]; then
    echo "making a Debian $suite root for $architecture"
    mmdebstrap --quiet --variant=essential --architectures="$architecture" \
        --dpkgopt=force-unsafe-io --include=libgcc-s1,systemd-standalone-sysusers \
        "$suite" "$image.part.tar" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" || exit 1
    mv "$image.part.tar" "$image"
fi
tar -C "$root" -xf "$image" --exclude=./dev
mkdir -p "$root/dev"
: >"$root/dev/null"
cp "$package" "$root/face8x.deb"

# What the package may change for ever is left out: logs, lists of what is installed, the groups.
files() {
    (cd "$root" && find . -path ./var/lib/dpkg -prune -o -path ./var/lib/apt -prune \
        -o -path ./var/cache -prune -o -path ./var/log -prune -o -path ./tmp -prune \
        -o -path ./dev -prune -o -name 'group*' -o -name 'gshadow*' \
        -o -name .pwd.lock -o -print | sort)
}

inside() {
    chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" >"$folder/log" 2>&1
    status=$?
    [ "$status" = 0 ] || cat "$folder/log" >&2
    echo "$status"
}

files >"$folder/before"
check "dpkg finds what the $architecture package needs" 0 \
    "$(inside dpkg --install /face8x.deb)"
check "the package is installed" "install ok installed $version" \
    "$(chroot "$root" dpkg-query -W -f '${Status} ${Version}' face8x)"
check "the program runs" 0 "$(inside face8x --version)"
check "it says its version" "face8x ${version%-*}" "$(cat "$folder/log")"
for group in video render spi gpio; do
    check "group $group is there" 1 "$(grep -c "^$group:" "$root/etc/group")"
done
for file in usr/lib/systemd/system/face8x.service usr/lib/udev/rules.d/72-face8x.rules \
    usr/share/man/man1/face8x.1.gz usr/share/man/man1/face8x-run.1.gz \
    usr/share/bash-completion/completions/face8x usr/share/zsh/vendor-completions/_face8x \
    usr/share/fish/vendor_completions.d/face8x.fish usr/share/face8x/face8x-large.onnx \
    usr/share/face8x/monitoring/rules.yml usr/share/face8x/monitoring/dashboard.json \
    usr/share/doc/face8x/copyright; do
    check "/$file is there" yes "$([ -s "$root/$file" ] && echo yes || echo no)"
done
check "the unit is not enabled by the installation" "" \
    "$(find "$root/etc/systemd" -name face8x.service 2>/dev/null)"

check "the kiosk's script says what it would do" 0 \
    "$(inside /usr/share/face8x/kiosk/install.sh --no-boot --dry-run)"
check "and it does nothing else" "" "$(find "$root/var/lib" -name face8x-kiosk)"

# The root has no display: the unit's command is run on the demo, into a file.
sed -i 's|^source = .*|source = "demo:"|; s|^sink = .*|sink = "png:/tmp/face8x.png"|' \
    "$root/etc/face8x/face8x.toml"
check "what the unit starts gets ready, feeds its watchdog and stops" 0 \
    "$(python3 "$here/manager.py" "$root" >"$folder/manager" 2>&1; echo $?)"
cat "$folder/manager"
check "it has shown a picture" yes "$([ -s "$root/tmp/face8x.png" ] && echo yes || echo no)"
echo 'sorce = "demo:"' >>"$root/etc/face8x/face8x.toml"
check "a mistake in the configuration is the status of the unit" 2 \
    "$(python3 "$here/manager.py" "$root" >"$folder/manager" 2>&1; echo $?)"
check "the status has the line" 1 \
    "$(grep -c "STATUS=/etc/face8x/face8x.toml: line [0-9]*: unknown key \"sorce\"" "$folder/manager")"

check "it is removed" 0 "$(inside dpkg --remove face8x)"
check "the configuration stays" yes "$([ -e "$root/etc/face8x/face8x.toml" ] && echo yes || echo no)"
check "the program is gone" no "$([ -e "$root/usr/bin/face8x" ] && echo yes || echo no)"
check "it is purged" 0 "$(inside dpkg --purge face8x)"
check "nothing is left" "" "$(files | diff "$folder/before" -)"

finish
