# A webcam: every format that it offers, the whole display, its rotations and views.

if devices; then pass display; else fail display "no /dev/dri/card0 or /dev/fb0"; fi
# Without its cursor, which blinks.
printf 'The console, as it was found.\n\033[?25l' >/dev/tty0

# A kiosk whose camera comes later.
start kiosk --source /dev/video0 --wait --sink null --detector "$BOX"
sleep 3
if plug /frames/a; then pass "the camera is plugged in"; else fail "the camera is plugged in" "no /dev/video0"; fi
if within 60 reached faces 1; then pass kiosk; else fail kiosk "no face in time" kiosk; fi
expect camera-busy 1 "busy: held by face8x" run --source /dev/video0 --sink null
stop TERM

expect list 0 "Virtual Webcam" list
for format in $FORMATS; do
    if grep -q "$format 640x480 at 10 fps" /out/list.log; then
        pass "list $format"
    else
        fail "list $format" "it is not listed" list
    fi
done
expect doctor 0 "Virtual Webcam" doctor
expect format-missing 1 "it has YUYV" run --source /dev/video0 --format RGB3 --sink null

# Somebody who is not in the camera's group.
echo 'guest:x:1000:1000::/:/bin/sh' >/etc/passwd
echo 'video:x:44:' >/etc/group
chgrp 44 /dev/video0
chmod 660 /dev/video0
su guest -c "face8x run --source /dev/video0 --sink null" >/out/no-group.log 2>&1
if [ "$?" = 1 ] && grep -q "usermod -aG video" /out/no-group.log; then
    pass no-group
else
    fail no-group "it does not say how to join the group" no-group
fi

for format in $FORMATS; do
    show "uvc-$format" --source /dev/video0 --format "$format" --sink drm --detector "$BOX" \
        --view side-by-side
    if grep -q "Virtual Webcam) $format 640x480 at 10 fps" "/out/uvc-$format.log"; then
        pass "uvc-$format is used"
    else
        fail "uvc-$format is used" "the log does not say so" "uvc-$format"
    fi
done

for view in restored strip in-place full; do
    show "view-$view" --source /dev/video0 --sink drm --detector "$BOX" --view "$view"
done
for degrees in 90 180 270; do
    show "rotate-$degrees" --source /dev/video0 --sink drm --detector "$BOX" --view strip \
        --rotate "$degrees"
done
# At the speed of an emulated processor a face may be lost again before the next frame: it is
# photographed as soon as it is reported.
start found-face --source /dev/video0 --sink drm --view in-place
for number in 1 2 3 4 5 6; do
    within 120 reached faces 1 && photograph "found-face-$number"
    sleep 1
done
stop TERM

# From the driver's timestamp to the page flip that shows the frame.
expect scan-out 0 '"scan_out_ms":{"p50":[0-9]' run --source /dev/video0 --sink drm \
    --detector "$BOX" --frames 20 --json

# The display is left as it was found.
for sink in drm fb; do
    for signal in TERM INT; do
        photograph "$sink-$signal-before"
        start "$sink-$signal" --source /dev/video0 --sink "$sink" --detector "$BOX" --view restored
        shows "$sink-$signal"
        stop "$signal"
        photograph "$sink-$signal-after"
    done
done
