# Sourced: Debian packages in a private root, so that nothing of another architecture or release is
# installed on this machine. Needs no superuser. What cannot be fetched gives the status 77, any
# other failure another one.

# Everything that the cross builds and the virtual board fetch or unpack, outside the source tree.
cache=${FACE8X_CROSS_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/face8x-cross}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# needs NAME COMMAND...: runs the set-up of a test, which ends here where the set-up failed: as
# skipped where that is for want of packages only.
needs() {
    test=$1
    shift
    code=0
    "$@" || code=$?
    [ "$code" != 77 ] || echo "skipped: $test: its packages cannot be fetched here"
    [ "$code" = 0 ] || exit "$code"
}

# private_root ARCH SUITE: makes the private root and fetches its list of packages where that was
# not done today. A suite that ends in -security is Debian's security archive.
private_root() {
    root=$cache/apt/$2-$1
    if [ -n "$(find "$root/fetched" -mtime -1 2>/dev/null)" ]; then
        return 0
    fi
    case $2 in
    *-security) from=$security ;;
    *) from=$mirror ;;
    esac
    for folder in etc/apt.conf.d etc/preferences.d etc/trusted.gpg.d state/lists/partial \
        cache/archives/partial; do
        mkdir -p "$root/$folder" || return 1
    done
    : >"$root/state/status" || return 1
    echo "deb [arch=$1 signed-by=$keyring] $from $2 main" >"$root/etc/sources.list"
    # A mirror in the middle of its own update answers with lists that do not fit each other.
    for wait in 2 10 0; do
        if private_apt "$root" get "$1" -q update --error-on=any >"$root/log" 2>&1; then
            touch "$root/fetched"
            return
        fi
        sleep "$wait"
    done
    cat "$root/log" >&2
    echo "the list of Debian's $2 packages for $1 cannot be fetched from $from" >&2
    return 77
}

# private_apt ROOT get|cache ARCH ARGUMENTS: apt-get or apt-cache in a private root.
private_apt() {
    private=$1
    program=apt-$2
    architecture=$3
    shift 3
    "$program" -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" \
        -o "Dir::Etc=$private/etc" -o "Dir::Etc::sourcelist=$private/etc/sources.list" \
        -o "Dir::Etc::sourceparts=-" -o "Dir::State=$private/state" \
        -o "Dir::State::status=$private/state/status" -o "Dir::Cache=$private/cache" \
        -o "Acquire::Languages=none" -o "Acquire::GzipIndexes=true" \
        -o "APT::Sandbox::User=root" -o "Debug::NoLocking=true" "$@"
}

# unpack_packages ARCH SUITE FOLDER PACKAGE[=VERSION]...: fetches the packages, without those that
# they depend on, and unpacks them into a new FOLDER, which appears whole or not at all.
unpack_packages() {
    private_root "$1" "$2" || return
    root=$cache/apt/$2-$1
    architecture=$1
    folder=$3
    shift 3
    rm -rf "$folder.part" "$root/debs"
    mkdir -p "$folder.part" "$root/debs"
    (cd "$root/debs" && private_apt "$root" get "$architecture" -q download "$@") >&2 || return 77
    for package in "$root"/debs/*.deb; do
        dpkg-deb -x "$package" "$folder.part" || return 1
    done
    rm -rf "$folder" "$root/debs"
    mv "$folder.part" "$folder"
}
