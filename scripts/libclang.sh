#!/bin/sh
# Prints the folder of a libclang that has its header files (Debian puts them into a package of
# their own); fails where there is none. FACE8X_ROOT stands for / in tests.
set -u

for folder in ${LIBCLANG_PATH:+"$LIBCLANG_PATH"} \
    "${FACE8X_ROOT:-}"/usr/lib/llvm-*/lib "${FACE8X_ROOT:-}"/usr/lib "${FACE8X_ROOT:-}"/usr/lib64 \
    "${FACE8X_ROOT:-}"/usr/local/lib "${FACE8X_ROOT:-}"/usr/local/llvm*/lib \
    "${FACE8X_ROOT:-}"/opt/llvm*/lib "${FACE8X_ROOT:-}"/opt/clang*/lib; do
    for library in "$folder"/libclang.so* "$folder"/libclang-[0-9]*.so*; do
        [ -e "$library" ] || continue
        for header in "$folder"/clang/*/include/stddef.h; do
            if [ -e "$header" ]; then
                echo "$folder"
                exit 0
            fi
        done
    done
done
exit 1
