"""QEMU's own device tree of the machine "virt", with an SPI bus wired to its GPIO lines."""

import subprocess


def fdt(tree, *arguments, kind=None):
    """Sets a property of the device tree in the file `tree`, or makes a node (-c)."""
    subprocess.run(["fdtput", *(["-t", kind] if kind else []), tree, *arguments], check=True)


def add_spi(tree):
    """Adds spi-gpio on lines 0 (clock), 1 (data) and 2 (chip select) of the PL061, with a spidev.

    Lines 4 and 5 stay free for the panel's data/command and reset pins.
    """
    phandle = subprocess.run(
        ["fdtget", "-t", "x", tree, "/pl061@9030000", "phandle"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()
    subprocess.run(["fdtput", "-c", tree, "/spi"], check=True)
    fdt(tree, "/spi", "compatible", "spi-gpio", kind="s")
    fdt(tree, "/spi", "#address-cells", "1", kind="u")
    fdt(tree, "/spi", "#size-cells", "0", kind="u")
    for name, line, active_low in (("sck", "0", "0"), ("mosi", "1", "0"), ("cs", "2", "1")):
        fdt(tree, "/spi", f"{name}-gpios", phandle, line, active_low, kind="x")
    fdt(tree, "/spi", "num-chipselects", "1", kind="u")
    subprocess.run(["fdtput", "-c", tree, "/spi/panel@0"], check=True)
    # spidev wants the name of a real part: a converter of Rohm's is on its list.
    fdt(tree, "/spi/panel@0", "compatible", "rohm,dh2228fv", kind="s")
    fdt(tree, "/spi/panel@0", "reg", "0", kind="u")
    fdt(tree, "/spi/panel@0", "spi-max-frequency", "32000000", kind="u")
