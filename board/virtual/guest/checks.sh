# Sourced: what the parts of the test share. Everything that a run of face8x prints is in
# /out/NAME.log and, of a run in the background, /out/NAME.json.

pass() { echo "@@ pass $1"; }
fail() {
    echo "@@ fail $1: $2"
    [ ! -s "/out/$3.log" ] || tail -n 5 "/out/$3.log"
}

# now: milliseconds since the start.
now() {
    read -r up _ </proc/uptime
    echo "${up%.*}${up#*.}0"
}

# within SECONDS COMMAND...: waits until the command succeeds.
within() {
    end=$(($(now) + $1 * 1000))
    shift
    until "$@" 2>/dev/null; do
        [ "$(now)" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# expect NAME STATUS TEXT ARGUMENTS...: runs face8x, which must exit so and say so.
expect() {
    name=$1 status=$2 text=$3
    shift 3
    timeout 300 face8x "$@" >"/out/$name.log" 2>&1
    got=$?
    if [ "$got" != "$status" ]; then
        fail "$name" "exit code $got, not $status" "$name"
    elif ! grep -q -e "$text" "/out/$name.log"; then
        fail "$name" "it does not say \"$text\"" "$name"
    else
        pass "$name"
    fi
}

# start NAME ARGUMENTS...: runs `face8x run` in the background; its lines get the time. A face's
# picture is that of one frame, since the host, whose pictures they are compared with, has one.
start() {
    run=$1
    shift
    rm -f /tmp/log
    mkfifo /tmp/log
    face8x-board stamp </tmp/log >"/out/$run.log" &
    face8x run --json --info-text "" --history 1 "$@" >"/tmp/$run.json" 2>/tmp/log &
    pid=$!
}

# The newest value of a number in the JSON lines of the run.
json() {
    value=$(tail -n 1 "/tmp/$run.json" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p")
    echo "${value:-0}"
}
reached() { [ "$(json "$1")" -ge "$2" ]; }
alive() { kill -0 "$pid"; }

# shows NAME [DISPLAY]: waits for pictures with a face, then has the display photographed.
shows() {
    shot=$1
    if ! within "${WAIT:-120}" reached faces 1; then
        fail "$shot" "no picture with a face in time" "$run"
        return 1
    fi
    # The line may have been written just before its picture.
    frames=$(json frames)
    within 60 reached frames $((frames + 2))
    photograph "$@"
}

photograph() {
    echo "@@ shot $*"
    read -r -t 20 _ </dev/console
}

# stop SIGNAL: ends the run, which must end well and without help. An emulated processor on a busy
# machine may stall for seconds: this distinguishes an end from a hang.
stop() {
    before=$(now)
    kill "-$1" "$pid"
    wait "$pid"
    got=$?
    took=$(($(now) - before))
    cp "/tmp/$run.json" "/out/$run.json"
    if [ "$got" != 0 ]; then
        fail "$run ends" "exit code $got after SIG$1" "$run"
    elif [ "$took" -gt 30000 ]; then
        fail "$run ends" "it took $took ms to end after SIG$1" "$run"
    fi
}

# show NAME ARGUMENTS...: a run from its start to its photograph and its end.
show() {
    start "$@"
    shows "$run"
    stop TERM
}

# devices: loads the drivers of display and camera; part of each test that may run alone.
devices() {
    modprobe virtio_gpu
    modprobe vhci_hcd
    modprobe uvcvideo
    within 60 test -c /dev/dri/card0
    within 60 test -c /dev/fb0
}

# plug FOLDER: plugs a webcam in that shows the frames in this folder, and waits for its node.
plug() {
    face8x-board camera "$1" >>/out/webcam.log 2>&1 &
    webcam=$!
    within 60 test -c /dev/video0
}
unplug() {
    kill -KILL "$webcam"
    wait "$webcam" 2>/dev/null
    within 60 test ! -e /dev/video0
}
