#!/bin/sh
# Tests of setup.sh and test.sh on machines that are played by fakes of apt-get, cargo and so on.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/checks"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

# fake NAME: makes a program of the script on standard input.
fake() {
    { echo '#!/bin/sh' && cat; } >"$folder/bin/$1"
    chmod +x "$folder/bin/$1"
}

# A Debian 12 with gcc and nothing else.
machine() {
    rm -rf "${folder:?}"/*
    mkdir -p "$folder/bin" "$folder/tree/etc"
    printf 'ID=%s\nVERSION_ID="%s"\n' debian 12 >"$folder/tree/etc/os-release"
    echo "gcc libc6-dev" >"$folder/installed"
    : >"$folder/log"
    fake dpkg-query <<END
for package in \$(cat "$folder/installed"); do printf 'installed:%s ' "\$package"; done
exit 1
END
    fake apt-get <<END
echo "apt-get \$*" >>"$folder/log"
END
    fake sudo <<END
echo "sudo" >>"$folder/log"
exec "\$@"
END
    fake id <<END
echo 1000
END
    fake cargo <<END
echo "cargo \$*"
END
}

libclang() {
    mkdir -p "$folder/tree/usr/lib/llvm-14/lib/clang/14/include"
    : >"$folder/tree/usr/lib/llvm-14/lib/libclang-14.so.1"
    : >"$folder/tree/usr/lib/llvm-14/lib/clang/14/include/stddef.h"
}

# Runs setup.sh on the machine; prints its exit status and what the fakes were asked.
setup() {
    (unset LIBCLANG_PATH CI && FACE8X_ROOT="$folder/tree" PATH="$folder/bin:$PATH" \
        "$here/../setup.sh" "$@" >"$folder/output" 2>&1)
    echo "$?: $(tr '\n' ' ' <"$folder/log")"
}

windows="libxkbcommon0 libxkbcommon-x11-0 libwayland-client0 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2"
install="apt-get install -y --no-install-recommends"

machine
check "a bare machine gets everything, as root" \
    "0: sudo $install libclang1-14 libclang-common-14-dev $windows " "$(setup)"

machine
check "tests need more" \
    "0: sudo $install libclang1-14 libclang-common-14-dev $windows xvfb x11-apps imagemagick file valgrind python3 g++ " \
    "$(setup --tests)"

machine
libclang
echo "gcc libc6-dev $windows" >"$folder/installed"
check "nothing is done where all is there" "0: " "$(setup)"
echo "libxkbcommon0 gcc libc6-dev" >"$folder/installed"
check "only what is missing is installed" \
    "0: sudo $install ${windows#libxkbcommon0 } " "$(setup)"

machine
rm "$folder/bin/id"
fake id <<END
echo 0
END
printf 'ID=debian\nVERSION_ID="13"\n' >"$folder/tree/etc/os-release"
check "root needs no sudo; Debian 13 has another libclang" \
    "0: $install libclang1-19 libclang-common-19-dev $windows " "$(setup)"
printf 'ID=ubuntu\nVERSION_ID="24.04"\n' >"$folder/tree/etc/os-release"
: >"$folder/log"
check "other distributions get the general package" "0: $install libclang-dev $windows " "$(setup)"

machine
fake apt-get <<END
echo "apt-get \$1" >>"$folder/log"
[ "\$1" = update ] && touch "$folder/updated"
[ -e "$folder/updated" ]
END
check "old lists are updated" \
    "0: sudo apt-get install sudo apt-get update sudo apt-get install " "$(setup)"

machine
fake apt-get <<END
exit 100
END
check "packages that cannot be had have their own status" "77: sudo sudo sudo " "$(setup)"

machine
fake apt-get <<END
case " \$* " in *" --download-only "* | *" update "*) exit 0 ;; esac
exit 100
END
check "a refused installation fails" "1: sudo sudo sudo sudo " "$(setup)"

# Other distributions: only these programs and the fakes are there.
machine
rm "$folder"/bin/dpkg-query "$folder"/bin/apt-get
for program in sh dirname cat; do ln -s "$(command -v $program)" "$folder/bin/$program"; done
elsewhere() {
    (unset LIBCLANG_PATH CI && FACE8X_ROOT="$folder/tree" PATH="$folder/bin" \
        "$here/../setup.sh" >"$folder/output" 2>&1)
    echo "$?: $(head -n 1 "$folder/output")"
}
check "elsewhere it says what to install" \
    "1: this is not Debian: install a C compiler and libclang with its header files yourself" \
    "$(elsewhere)"
libclang
check "elsewhere libclang is enough" "0: " "$(elsewhere)"
rm "$folder/bin/cargo"
check "without cargo it says where to get it" \
    "1: cargo is not installed: get rustup from https://rustup.rs and run this again" \
    "$(HOME=$folder/nobody CARGO_HOME='' elsewhere)"

# The whole test run (one run of cargo test), with a cargo that fails in each of the steps.
machine
libclang
echo "gcc libc6-dev $windows xvfb x11-apps imagemagick file valgrind python3 g++" >"$folder/installed"
mkdir -p "$folder/project/scripts/tests"
cp "$here"/../*.sh "$folder/project/scripts/"
echo 'echo "test result: ok. 2 passed; 0 failed; 0 ignored"' >"$folder/project/scripts/tests/a.sh"
# board STATUS: the tests on emulated boards end so.
board() {
    for script in cross/test.sh cross/frame.py board/virtual/test.sh tests/browser/test.py; do
        mkdir -p "$folder/project/${script%/*}"
        printf '#!/bin/sh\nexit %s\n' "$1" >"$folder/project/$script"
        chmod +x "$folder/project/$script"
    done
}
board 0
# What test.sh runs beside cargo has no part in these tests.
mkdir -p "$folder/project/board/monitoring"
for script in scripts/soak.sh scripts/fuzz.sh scripts/training.sh board/monitoring/test.sh; do
    echo "#!/bin/sh" >"$folder/project/$script"
    chmod +x "$folder/project/$script"
done
whole() {
    output=$(unset LIBCLANG_PATH CI && FACE8X_ROOT="$folder/tree" PATH="$folder/bin:$PATH" "$folder/project/scripts/test.sh" 2>&1)
    echo "$?: $(echo "$output" | tail -n 1)"
}
fake cargo <<END
[ "\$1" = test ] && echo "test result: ok. 40 passed; 0 failed; 0 ignored"
exit 0
END
check "a good run ends with its sum" "0: 42 passed, 0 failed" "$(whole)"
board 1
check "a board that fails fails the run" "1: 42 passed, 1 failed" "$(whole)"
board 77
check "a board that cannot be had does not" "0: 42 passed, 0 failed" "$(whole)"
board 0
fake cargo <<END
[ "\$1" = test ] && echo "test result: FAILED. 39 passed; 1 failed; 0 ignored" && exit 101
exit 0
END
check "a failed test fails the run" "1: 41 passed, 1 failed" "$(whole)"
fake cargo <<END
case \$1 in fmt | clippy | doc | --version) exit 0 ;; esac
echo "error: could not compile" >&2
exit 101
END
check "a compile error fails the run" "1: 2 passed, 1 failed" "$(whole)"
fake cargo <<END
[ "\$1" = test ] && echo "test result: ok. 40 passed; 0 failed; 0 ignored"
case "\$*" in "clippy "*--all-targets*) exit 101 ;; esac
exit 0
END
check "a lint fails the run" "1: 42 passed, 1 failed" "$(whole)"
echo 'exit 3' >"$folder/project/scripts/tests/a.sh"
fake cargo <<END
[ "\$1" = test ] && echo "test result: ok. 40 passed; 0 failed; 0 ignored"
exit 0
END
check "a failed script fails the run" "1: 40 passed, 1 failed" "$(whole)"
echo "" >"$folder/installed"
fake apt-get <<END
exit 100
END
check "a failed set-up fails the run" "1: 40 passed, 2 failed" "$(whole)"

finish
