#!/bin/sh
# Compares every kernel for aarch64, under qemu-user, with onnxruntime on the validation faces of
# CelebA. onnxruntime runs here; the emulated program is given its answers.
#
# usage: exactness.sh FOLDER [MODEL...]    (files of models/; default: face8x.onnx)
set -eu

target=aarch64-unknown-linux-gnu
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
FACE8X_REFERENCE=$(mktemp -d)
export FACE8X_REFERENCE
trap 'rm -rf "$FACE8X_REFERENCE"' EXIT
for model; do
    mkdir "$FACE8X_REFERENCE/$model"
    "$python" scripts/exactness.py "models/$model" "$FACE8X_REFERENCE/$model" "$pictures"
done
cross/toolchain.sh "$target"
# "max" has the instructions of every kernel.
QEMU_CPU=max cross/cargo.sh "$target" test --release --test exactness -- --nocapture
