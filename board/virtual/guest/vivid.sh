# The vivid driver: raw formats in the kernel's own test picture, and errors that it makes itself.

devices
[ -z "${webcam:-}" ] || unplug
modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0
within 60 test -c /dev/video0
control() { face8x-board control /dev/video0 "$@"; }
# A picture that stands still and has no clock in it.
control "OSD Text Mode" 2

for format in $VIVID; do
    show "vivid-$format" --source /dev/video0 --format "$format" --fps 30 --sink drm --view full \
        --detector "$BOX"
done

# injects NAME CONTROL TEXT: the control breaks the camera while it streams; frames must come again,
# and the log must have said why they did not, where there is a TEXT.
injects() {
    lines=$(wc -l </out/errors.log)
    if ! control "$2"; then
        fail "$1" "no such control"
        return
    fi
    sleep 1
    frames=$(json frames)
    if ! within 60 reached frames $((frames + 5)); then
        fail "$1" "no frames came again" errors
    elif [ -n "$3" ] && ! tail -n +$((lines + 1)) /out/errors.log | grep -q -e "$3"; then
        fail "$1" "the log does not say \"$3\"" errors
    else
        pass "$1"
    fi
}
RUST_LOG=debug start errors --source /dev/video0 --fps 30 --sink drm --view full --detector "$BOX"
within 120 reached frames 5
injects bad-flags "Inject V4L2_BUF_FLAG_ERROR" "flags an error"
injects queue-error "Inject VIDIOC_QBUF Error" "trying again"
injects fatal-error "Inject Fatal Streaming Error" "trying again"
injects disconnect "Disconnect" "trying again"
injects wrap "Wrap Sequence Number" ""
control "Percentage of Dropped Buffers" 50
frames=$(json frames)
if within 60 reached frames $((frames + 10)); then pass dropped-buffers; else fail dropped-buffers "no frames" errors; fi
control "Percentage of Dropped Buffers" 0
alive && pass "errors are survived"
stop INT
