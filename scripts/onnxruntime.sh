#!/bin/sh
# Prints the path of a Python that has onnxruntime, NumPy and Pillow, in a virtual environment that
# is kept in the cache; makes it, from PyPI, where it isn't there yet. Fails where that fails, and where
# onnxruntime is not exact, with the reason on the error output.
set -eu

# Without VNNI it adds pairs of 8-bit products in 16 bits, which saturate. (Its own way around that,
# session.x64quantprecision, fails on networks whose weights share a zero point.)
if [ "$(uname -m)" = x86_64 ] && ! grep -qE 'avx512_vnni|avx_vnni' /proc/cpuinfo; then
    echo "onnxruntime's 8-bit sums saturate on this processor, which has no VNNI: it is no reference here" >&2
    exit 1
fi

version=1.23.2
folder=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/face8x/onnxruntime-$version
python=$folder/bin/python
works() {
    "$python" -c 'import numpy, onnxruntime, PIL' 2>/dev/null
}

if ! works; then
    if ! command -v python3 >/dev/null 2>&1; then
        echo "there is no python3" >&2
        exit 1
    fi
    rm -rf "$folder"
    log=$(mktemp)
    if ! { python3 -m venv "$folder" &&
        "$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 30 \
            "onnxruntime==$version" numpy pillow; } >"$log" 2>&1; then
        echo "onnxruntime cannot be installed from PyPI: $(tail -n 1 "$log")" >&2
        rm -rf "$folder" "$log"
        exit 1
    fi
    rm -f "$log"
    works
fi
echo "$python"
