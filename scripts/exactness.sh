#!/bin/sh
# Compares every kernel's bytes with onnxruntime's on the validation faces of CelebA.
# usage: exactness.sh FOLDER   (it has list_eval_partition.txt, list_landmarks_celeba.txt and img/)
set -eu

folder=${1:?usage: exactness.sh FOLDER}
if [ ! -f "$folder/list_eval_partition.txt" ]; then
    echo "skipped: $folder has no list_eval_partition.txt: name CelebA's folder, PICTURES=FOLDER"
    exit 0
fi
FACE8X_PICTURES=$(cd "$folder" && pwd)
export FACE8X_PICTURES
exec "$(dirname "$0")/cargo.sh" test --release --test exactness -- --nocapture
