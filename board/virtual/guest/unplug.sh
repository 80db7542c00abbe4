# The camera is unplugged and plugged in again while face8x runs, ROUNDS times; the other picture
# each time, so that the display proves that new frames come.

devices
test -c /dev/video0 || plug /frames/a
start unplugged --source /dev/video0 --sink drm --detector "$BOX" --view restored
within 120 reached faces 1
slowest=0
failures=0
picture=a

back() { [ "$(grep -c "source:" /out/unplugged.log)" -gt "$lines" ]; }

# replug FOLDER: the camera goes away and comes back; sets took, in milliseconds.
replug() {
    unplug || failures=$((failures + 1))
    sleep "$(($(now) / 10 % 3)).$(($(now) / 10 % 10))"
    lines=$(grep -c "source:" /out/unplugged.log)
    plug "$1" || failures=$((failures + 1))
    came=$(now)
    if within 60 back; then
        # The log's own time of the line, in milliseconds.
        at=$(sed -n 's/^\([0-9]*\)\.\([0-9]*\) .*source:.*/\1\2/p' /out/unplugged.log | tail -n 1)
        took=$((at - came))
        [ "$took" -ge 0 ] || took=0
    else
        failures=$((failures + 1))
        took=60000
    fi
    echo "round $round: $took ms from the camera's node to its first frame" >>/out/unplugged-times.log
}

# The quick form runs on busy machines too: a round that was late may be repeated twice.
spare=0
[ "$ROUNDS" -gt 1 ] || spare=2
round=0
while [ "$round" -lt "$ROUNDS" ] && alive; do
    round=$((round + 1))
    case $picture in a) picture=b ;; *) picture=a ;; esac
    replug "/frames/$picture"
    while [ "$took" -gt 2000 ] && [ "$spare" -gt 0 ]; do
        spare=$((spare - 1))
        replug "/frames/$picture"
    done
    [ "$took" -le "$slowest" ] || slowest=$took
    [ "$took" -le 2000 ] || failures=$((failures + 1))
done
if [ "$failures" = 0 ] && alive; then
    pass "unplugged $ROUNDS times, back within $slowest ms"
else
    fail "unplugged $ROUNDS times" "$failures failures, the slowest $slowest ms" unplugged
fi
shows "unplugged-$picture"
stop TERM
[ "$picture" = a ] || { unplug; plug /frames/a; }

# The display's driver goes away and comes back.
start display-lost --source /dev/video0 --sink drm --detector "$BOX" --view restored
within 120 reached faces 1
device=$(basename /sys/bus/virtio/drivers/virtio_gpu/virtio*)
echo "$device" >/sys/bus/virtio/drivers/virtio_gpu/unbind
if within 60 grep -q "display lost" /out/display-lost.log; then
    pass "display-lost is logged"
else
    fail "display-lost is logged" "the log does not say so" display-lost
fi
echo "$device" >/sys/bus/virtio/drivers/virtio_gpu/bind
if within 60 grep -q "display is back" /out/display-lost.log; then
    shows display-back
else
    fail display-back "the log does not say so" display-lost
fi
stop TERM
