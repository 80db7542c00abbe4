#!/bin/sh
# What cargo calls in place of rustc when fuzz.sh builds: FUZZ_FLAGS are for the crates that are
# watched, which are ours and those that take outside bytes apart for us. The others, tract above
# all, would take many minutes more to build.
case ${CARGO_PKG_NAME:-} in
face8x | face8x-core | int8 | face8x-train | face8x-fuzz | zune-jpeg | png | image-webp | toml | toml_parser | \
    serde_json | safetensors)
    # shellcheck disable=SC2086
    exec "$@" $FUZZ_FLAGS
    ;;
esac
exec "$@"
