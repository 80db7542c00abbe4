#!/bin/sh
# Makes a kiosk of a Raspberry Pi with Raspberry Pi OS Lite and the face8x package: power on, and
# the picture is on the screen. What it does stands in README.md. Doing it again changes nothing
# that is done; --uninstall takes exactly that back.
#
# usage: install.sh [--mode [CONNECTOR:]WIDTHxHEIGHT[@RATE]] [--no-boot] [--dry-run]
#        install.sh --uninstall [--dry-run]
#   --mode     the display's mode, such as 1280x720@60 or HDMI-A-2:800x480; else the display's own
#   --no-boot  leave the kernel's command line alone: for boards that are no Raspberry Pi
#   --dry-run  print what would be done and do nothing
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# / in tests.
root=${FACE8X_ROOT:-}
# What was done: the words that were added to the command line, the files and folders that were
# made, and the files that lay there before.
state=$root/var/lib/face8x-kiosk
unit=/usr/lib/systemd/system/face8x.service

mode=
boot=yes
dry=no
action=install

usage() {
    sed -n 's/^# \(usage: .*\)/\1/p; s/^#\(        install.*\)/\1/p' "$here/install.sh" >&2
    exit 2
}

fail() {
    echo "install.sh: $1" >&2
    echo "  remedy: $2" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    --mode)
        mode=${2:-}
        shift
        printf '%s\n' "$mode" |
            grep -Eqx '([A-Za-z]+(-[A-Z])?-[0-9]+:)?[0-9]{3,4}x[0-9]{3,4}(@[0-9]{2,3})?' || {
            echo "install.sh: --mode \"$mode\" is invalid: write it like 1280x720@60 or HDMI-A-2:800x480" >&2
            usage
        }
        ;;
    --no-boot) boot=no ;;
    --dry-run) dry=yes ;;
    --uninstall) action=uninstall ;;
    *) usage ;;
    esac
    [ $# -eq 0 ] || shift
done

# run WHAT COMMAND...: says what is done, and does it unless this is a dry run.
run() {
    echo "$1"
    shift
    [ "$dry" = yes ] || "$@"
}

# record LIST LINE
record() {
    printf '%s\n' "$2" >>"$state/$1"
}

is_recorded() {
    grep -qxF -e "$2" "$state/$1" 2>/dev/null
}

# folder PATH: makes it and those above it, and records which were made.
folder() {
    [ ! -d "$root$1" ] || return 0
    folder "$(dirname "$1")"
    mkdir "$root$1"
    record folders "$1"
}

# keep PATH: what lies there and is not ours is kept for --uninstall.
keep() {
    is_recorded files "$1" && return
    if [ -e "$root$1" ] || [ -h "$root$1" ]; then
        mkdir -p "$state/before$(dirname "$1")"
        cp -a "$root$1" "$state/before$1"
    fi
    record files "$1"
}

place() {
    folder "$(dirname "$1")"
    keep "$1"
    printf '%s\n' "$2" >"$root$1.new"
    chmod 644 "$root$1.new"
    mv "$root$1.new" "$root$1"
}

# put PATH TEXT: makes a file.
put() {
    if [ -f "$root$1" ] && [ "$(cat "$root$1")" = "$2" ]; then
        return
    fi
    run "writing $1" place "$1" "$2"
}

make_link() {
    folder "$(dirname "$1")"
    keep "$1"
    ln -sfn "$2" "$root$1"
}

# point PATH TARGET: makes a symbolic link.
point() {
    if [ "$(readlink "$root$1" 2>/dev/null)" = "$2" ]; then
        return
    fi
    run "linking $1 to $2" make_link "$1" "$2"
}

# The kernel's command line; it moved to /boot/firmware with Debian 12.
command_line() {
    for file in /boot/firmware/cmdline.txt /boot/cmdline.txt; do
        # The old place holds a note that it has moved.
        if [ -f "$root$file" ] && ! grep -q "DO NOT EDIT" "$root$file"; then
            echo "$file"
            return
        fi
    done
    return 1
}

# edit FILE PROGRAM [VARIABLE=VALUE]: passes a file through awk; whether its last line ends in a
# line break stays as it is.
edit() {
    awk -v "$3" "$2" "$root$1" >"$state/edited"
    if [ -n "$(tail -c 1 "$root$1")" ]; then
        printf %s "$(cat "$state/edited")" >"$root$1.new"
    else
        cat "$state/edited" >"$root$1.new"
    fi
    rm "$state/edited"
    mv "$root$1.new" "$root$1"
}

add_word() {
    edit "$1" 'NR == 1 { $0 = $0 " " word } { print }' "word=$2"
    record words "$2"
}

# Takes the word away where it stands first, as it was added: behind one space.
remove_word() {
    edit "$1" 'NR == 1 {
        line = $0 " "
        at = index(line, " " word " ")
        if (at) $0 = substr($0, 1, at - 1) substr($0, at + length(word) + 1)
    } { print }' "word=$2"
    grep -vxF -e "$2" "$state/words" >"$state/words.new" || true
    mv "$state/words.new" "$state/words"
}

# The words on the command line; the last of several for one thing counts.
words() {
    echo consoleblank=0
    echo vt.global_cursor_default=0
    case $mode in
    "") ;;
    *:*) echo "video=$mode" ;;
    *) echo "video=HDMI-A-1:$mode" ;;
    esac
}

boot_words() {
    file=$(command_line)
    for word in $(cat "$state/words" 2>/dev/null); do
        words | grep -qxF -e "$word" || run "removing $word from $file" remove_word "$file" "$word"
    done
    for word in $(words); do
        case " $(head -n 1 "$root$file") " in
        *" $word "*) ;;
        *) run "adding $word to $file" add_word "$file" "$word" ;;
        esac
    done
}

board() {
    tr -d '\0' 2>/dev/null <"$root/proc/device-tree/model" || echo "an unknown board"
}

# Whether systemd waits longer from restart to restart (version 254).
has_backoff() {
    version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge 254 ]
}

install() {
    [ -f "$root$unit" ] || fail "face8x is not installed: there is no $unit" \
        "sudo apt install ./face8x_*.deb, then run this again"
    [ "$boot" = no ] || command_line >/dev/null ||
        fail "this board has no Raspberry Pi command line: $(board)" \
            "--no-boot leaves it out; README.md says what to set in another boot loader"
    [ "$dry" = yes ] || mkdir -p "$state"
    [ "$boot" = no ] || boot_words
    # The login prompt on the first console would draw over the framebuffer.
    point /etc/systemd/system/getty@tty1.service /dev/null
    point /etc/systemd/system/multi-user.target.wants/face8x.service "$unit"
    put /etc/systemd/journald.conf.d/face8x-kiosk.conf "$(cat "$here/journald.conf")"
    if has_backoff; then
        put /etc/systemd/system/face8x.service.d/kiosk.conf "$(cat "$here/backoff.conf")"
    fi
    reload
    echo "done: restart the machine (sudo reboot) to start the kiosk"
}

# give_back PATH: what lay there before, or nothing.
give_back() {
    rm -f "$root$1"
    if [ -e "$state/before$1" ] || [ -h "$state/before$1" ]; then
        mv "$state/before$1" "$root$1"
    fi
}

uninstall() {
    if [ ! -d "$state" ]; then
        echo "there is nothing to undo"
        return
    fi
    for word in $(cat "$state/words" 2>/dev/null); do
        file=$(command_line) || break
        run "removing $word from $file" remove_word "$file" "$word"
    done
    for file in $(cat "$state/files" 2>/dev/null); do
        run "giving back $file" give_back "$file"
    done
    # The inner folders were made last; one that holds something else by now stays.
    for made in $(sort -r "$state/folders" 2>/dev/null); do
        run "removing the folder $made" rmdir --ignore-fail-on-non-empty "$root$made"
    done
    run "forgetting what was done" rm -rf "$state"
    reload
    echo "done: restart the machine (sudo reboot)"
}

# Lets the running system know.
reload() {
    if [ -z "$root" ] && [ "$dry" = no ]; then
        systemctl daemon-reload
        systemctl restart systemd-journald
    fi
}

if [ -z "$root" ] && [ "$dry" = no ] && [ "$(id -u)" != 0 ]; then
    fail "only the superuser may do this" "sudo $0 ..."
fi
"$action"
