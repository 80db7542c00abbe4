# A board without a camera or a display: what face8x says.

expect list-bare 0 "no video nodes" list
expect doctor-bare 0 "camera *none" doctor
expect no-display-drm 1 "remedy: enable the display driver" run --source demo: --sink drm
expect no-display-fb 1 "remedy:" run --source demo: --sink fb
expect no-display-auto 0 "the picture is" run --source demo: --detector "$BOX" --sink auto --frames 3
expect no-camera 1 "does not exist" run --source /dev/video0 --sink null
expect no-spi 1 "enable SPI" run --source demo: --sink spi:st7735s,dc=4,rst=5

echo 'colour = "red"' >/tmp/wrong.toml
expect wrong-config 2 "line 1" run --config /tmp/wrong.toml

mkdir -p /full /fixed
mount -t tmpfs -o size=8k full /full
dd if=/dev/zero of=/full/file bs=4k 2>/dev/null
mount -t tmpfs -o ro fixed /fixed
expect full-disk 1 "No space left" image --aligned /frames/face.png -o /full
expect read-only-disk 1 "may be written" run --source demo: --sink png:/fixed/a.png

# What somebody with a board is asked to run writes a file, and sends nothing.
cd /tmp
expect send 0 "nothing was sent" bench --quick --send --threads 1 --engine bicubic --detector "$BOX"
sent=$(sed -n 's/^wrote \([^ ]*\.json\) .*/\1/p' /out/send.log)
case $sent in
*virt*aarch64.json) cp "$sent" /out/results.json && pass "results are named after the board" ;;
*) fail "results are named after the board" "the file is '$sent'" send ;;
esac
cd /
