#!/bin/sh
# Compares the fast kernels for aarch64 and armv7, under qemu-user, with onnxruntime (which runs on
# this machine) on the validation faces of CelebA.
#
# usage: exactness.sh FOLDER [MODEL...]    (files of models/; default: face8x.onnx)
set -eu

folder=${1:?usage: exactness.sh FOLDER [MODEL...]}
shift
[ "$#" -gt 0 ] || set -- face8x.onnx
if [ ! -f "$folder/list_eval_partition.txt" ]; then
    echo "skipped: $folder has no list_eval_partition.txt: name CelebA's folder, PICTURES=FOLDER"
    exit 0
fi
pictures=$(cd "$folder" && pwd)
cd "$(dirname "$0")/.."
python=$(scripts/onnxruntime.sh)
. cross/debian.sh
. cross/targets.sh

# by_kernels TARGET KERNEL...: the faces in $made, each byte compared.
by_kernels() {
    target_facts "$1"
    shift
    measure=${CARGO_TARGET_DIR:-target}/$target/release/examples/measure
    for kernel; do
        # "max" has the instructions of every kernel.
        echo "restore $made/inputs $made/restored" |
            FACE8X_KERNEL=$kernel "$emulator" -cpu max -L "$sysroot" "$measure" int8 1 "models/$model" >"$made/log"
        cmp "$made/restored" "$made/outputs"
        echo "$model by $kernel: $count pictures, each byte is onnxruntime's"
    done
}

for target in aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf; do
    cross/toolchain.sh "$target"
    cross/cargo.sh "$target" build --release --example measure
done
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
for model; do
    "$python" scripts/exactness.py "models/$model" "$made" "$pictures"
    count=$(($(wc -c <"$made/inputs") / 768))
    by_kernels aarch64-unknown-linux-gnu neon-smull neon-sdot neon-usmmla
    by_kernels armv7-unknown-linux-gnueabihf neon-vmull
done
