#!/bin/sh
# Tests the metrics of face8x with the real Prometheus and node_exporter, from Debian's packages: they
# are fetched once and unpacked beside what cargo builds, nothing is installed.
#
# usage: test.sh [FACE8X]     the program, by default the one that cargo built last
set -u

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
. scripts/tests/checks
target=${CARGO_TARGET_DIR:-target}
tools=$target/prometheus
program=${1:-$target/debug/face8x}

if [ ! -x "$program" ]; then
    echo "skipped: the tests against Prometheus, which need $program: cargo build"
    exit 0
fi

fetch() {
    mkdir -p "$tools" && rm -f "$tools"/*.deb || return
    (cd "$tools" && apt-get download prometheus prometheus-node-exporter) >"$tools/log" 2>&1 || return
    for package in "$tools"/*.deb; do
        dpkg -x "$package" "$tools" || return
        rm "$package"
    done
}
promtool=$tools/usr/bin/promtool
exporter=$tools/usr/bin/prometheus-node-exporter
if ! { [ -x "$promtool" ] && [ -x "$exporter" ]; } && ! fetch; then
    echo "skipped: the tests against Prometheus, whose packages cannot be fetched here"
    exit 0
fi

folder=$(mktemp -d) || exit 1
pids=
trap 'kill $pids 2>/dev/null; wait; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

passes() {
    if "$@" >"$folder/output" 2>&1; then echo yes; else cat "$folder/output"; fi
}
check "the sample configuration is valid" yes "$(passes "$promtool" check config "$here/prometheus.yml")"
check "the alert rules are valid" yes "$(passes "$promtool" check rules "$here/rules.yml")"
check "each alert fires where it should" yes "$(passes "$promtool" test rules "$here/rules-test.yml")"

# The programs at the sample's own addresses, but for the wait between two looks.
"$program" --source demo: --headless --restorer bicubic --size 160x120 --quiet \
    --metrics 9816 --metrics-file "$folder/face8x.prom" 2>"$folder/program" &
pids="$pids $!"
"$exporter" --web.listen-address=127.0.0.1:9100 --collector.disable-defaults \
    --collector.textfile --collector.textfile.directory="$folder" 2>"$folder/exporter" &
pids="$pids $!"
sed 's/_interval: 15s/_interval: 1s/' "$here/prometheus.yml" >"$folder/prometheus.yml"
cp "$here/rules.yml" "$folder/"
"$tools/usr/bin/prometheus" --config.file="$folder/prometheus.yml" --log.level=warn \
    --web.listen-address=127.0.0.1:9819 --storage.tsdb.path="$folder/data" 2>"$folder/prometheus" &
pids="$pids $!"

# Asks Prometheus until the answer is not empty, for half a minute: a scrape takes a second or two.
ask() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        answer=$("$promtool" query instant http://127.0.0.1:9819 "$1" 2>/dev/null)
        [ -n "$answer" ] && break
        sleep 2
    done
    # SERIES => VALUE @[TIME]
    echo "$answer" | sed -n 's/.* => \(.*\) @.*/\1/p'
}
check "Prometheus scrapes face8x" 1 "$(ask 'up{job="face8x"} == 1')"
check "Prometheus scrapes node_exporter" 1 "$(ask 'up{job="node"} == 1')"
check "the page has its counters" 1 "$(ask 'sum(face8x_frames_total{job="face8x"} > bool 0) > 0')"
check "the textfile has them too" 1 "$(ask 'sum(face8x_frames_total{job="node"} > bool 0) > 0')"
check "node_exporter reads the file without errors" 0 "$(ask 'node_textfile_scrape_error == 0')"
check "the info has its labels" 1 \
    "$(ask 'count(face8x_info{job="face8x", version=~"[0-9].*", restorer!=""})')"
check "the histogram has quantiles" 1 \
    "$(ask 'count(histogram_quantile(0.99, face8x_latency_seconds_bucket{job="face8x"}) > 0)')"
check "every kind of fault is counted" 7 "$(ask 'count(face8x_faults_total{job="face8x"})')"
check "no alert fires" 0 "$(ask 'count(ALERTS{alertstate="firing"}) or vector(0)')"
check "promtool finds nothing to improve in the textfile" yes \
    "$(passes "$promtool" check metrics <"$folder/face8x.prom")"
curl -s -H "Accept: text/plain" -o "$folder/page" http://127.0.0.1:9816/metrics
check "promtool finds nothing to improve in the page as text" yes \
    "$(passes "$promtool" check metrics <"$folder/page")"

[ "$failed" = 0 ] || tail -n 5 "$folder/program" "$folder/exporter" "$folder/prometheus"
finish
