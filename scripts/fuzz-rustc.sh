#!/bin/sh
# What cargo runs in place of rustc when fuzz.sh builds: FUZZ_FLAGS instrument our own crates and
# those that parse bytes from outside for us. The others, tract above all, would take many minutes
# more to build.
case ${CARGO_PKG_NAME:-} in
face8x | face8x-core | int8 | face8x-train | face8x-fuzz | zune-jpeg | png | image-webp | toml | toml_parser | \
    serde_json | safetensors)
    # shellcheck disable=SC2086
    exec "$@" $FUZZ_FLAGS
    ;;
esac
exec "$@"
