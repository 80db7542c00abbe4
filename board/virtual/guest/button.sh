# A button on line 6 of the GPIO chip; the host presses it (vboard/lines.py). The line is low while
# it is down.

devices
test -c /dev/video0 || plug /frames/a

# wire LEVEL[:MS]...: the line gets each level for so many milliseconds.
wire() {
    echo "@@ line 6 $*"
    read -r -t 20 _ </dev/console
}
viewed() { tail -n 1 /tmp/button.json | grep -q "\"view\":\"$1\""; }
# stands: the picture stands still for three of the run's reports.
stands() {
    frames=$(json frames)
    sleep 3
    [ "$(json frames)" = "$frames" ]
}
goes_on() { [ "$(json frames)" -gt "$frames" ]; }
# check NAME COMMAND...: within a minute.
check() {
    name=$1
    shift
    if within 60 "$@"; then pass "$name"; else fail "$name" "$(tail -n 1 /tmp/button.json)" button; fi
}

wire 1
start button --source /dev/video0 --sink drm --detector "$BOX" --view side-by-side --button line=6
within 120 reached faces 1
viewed side-by-side || fail "button idle" "the view has changed" button
# What bounces four times when it is pressed and when it is let go is one press: the next view.
wire 0:2 1:1 0:3 1:2 0:1 1:3 0:2 1:1 0:150 1:2 0:1 1:1 0:2 1:1 0:3 1:2 0:1 1:100
check "button pressed" viewed strip
# What the button did is shown for two and a half seconds.
sleep 4
shows button-strip
check "button pressed once" viewed strip
wire 0:5 1:300
check "button spike is no press" viewed strip
wire 0:1500 1:100
check "button held freezes" stands
wire 0:150 1:100
check "button pressed while frozen" viewed in-place
check "button pressed while frozen, which stays" stands
wire 0:1500 1:100
check "button held again goes on" goes_on
expect button-busy 0 "no button: /dev/gpiochip0 line 6.*gpioinfo" run --source demo: --sink null \
    --detector "$BOX" --frames 3 --button line=6
expect button-line 0 "no button: /dev/gpiochip0 line 99.*gpioinfo" run --source demo: --sink null \
    --detector "$BOX" --frames 3 --button line=99
stop TERM
