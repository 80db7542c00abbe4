# An SPI panel on the GPIO lines. It cannot answer; the host reads the bus (panel.py).

modprobe spi_gpio
if within 60 test -c /dev/spidev0.0 && test -c /dev/gpiochip0; then
    expect panel 0 "bytes of data to the panel" run --source - --format YUYV --size 640x480 \
        --detector "$BOX" --view restored --info-text "" --sink spi:st7735s,dc=4,rst=5 </frames/a/YUYV
    expect panel-line 1 "gpioinfo" run --source demo: --sink spi:st7735s,dc=99
else
    fail panel "no /dev/spidev0.0 or /dev/gpiochip0"
fi
