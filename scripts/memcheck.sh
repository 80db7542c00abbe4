#!/bin/sh
# Runs the tests of the integer kernels, of their threads and of whole small networks under
# Valgrind's memcheck. Its processor has AVX2 and no AVX-512: the portable kernel and AVX2 (on
# aarch64 NEON) are what it sees.
set -eu

cd "$(dirname "$0")/.."
if ! command -v valgrind >/dev/null 2>&1; then
    echo "skipped: valgrind is not installed"
    exit 0
fi
suppressions=$(mktemp)
trap 'rm -f "$suppressions"' EXIT
# The compiler lets tract look at an enum's padding and throws the result away.
cat >"$suppressions" <<'END'
{
   padding in tract
   Memcheck:Cond
   fun:*tract_core*
}
END
programs=$(scripts/cargo.sh test -p int8 --lib --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
for program in $programs; do
    # Valgrind runs one thread at a time: who spins must make room. It doesn't know AVX-VNNI.
    valgrind --quiet --error-exitcode=9 --fair-sched=yes --suppressions="$suppressions" \
        "$program" kernel:: threads:: every_form_is_known outputs_are_read_where_they_lie \
        --skip avx_vnni
done
