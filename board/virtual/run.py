#!/usr/bin/env python3
"""Boots the virtual board, runs face8x on it, compares what its displays show. See README.md.

usage: run.py FACE8X TOOLS GUEST_FACE8X GUEST_TOOLS SYSROOT CACHE OUT
"""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vboard import expected
from vboard.device_tree import add_spi
from vboard.initramfs import Archive, add_libraries, add_modules
from vboard.machine import Machine
from vboard.modules import Modules
from vboard.picture import Picture
from vboard.report import Report

HERE = Path(__file__).parent
MODULES = ["virtio_pci", "9pnet_virtio", "9p", "uvcvideo", "vhci_hcd", "vivid", "virtio_gpu", "spi_gpio"]
LIBRARIES = ["ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libdl.so.2",
             "libpthread.so.0", "librt.so.1", "libutil.so.1"]
FORMATS = ["YUYV", "UYVY", "NV12", "YU12", "GREY", "BGR3", "MJPG"]
VIVID = ["YUYV", "UYVY", "NV12", "YU12", "GREY", "RGB3", "BGR3"]
PARTS = ["bare", "camera", "unplug", "button", "vivid", "panel"]
# Seconds after which the machine is stopped; each round of unplugging may take 20 more.
LIMIT = 30 * 60
# A board like the smallest that is supported: a Raspberry Pi Zero 2 W.
BOARD = ["-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "512", "-nic", "none",
         "-device", "virtio-gpu-pci,xres=640,yres=480"]


def shots(rounds):
    """Every screenshot that has a picture of the host's: frames, format, least PSNR, arguments."""
    table = {f"uvc-{form}": ("a", form, expected.SAME, ("--view", "side-by-side")) for form in FORMATS}
    for view in ("restored", "strip", "in-place", "full"):
        table[f"view-{view}"] = ("a", "YUYV", expected.SAME, ("--view", view))
    for degrees in ("90", "180", "270"):
        table[f"rotate-{degrees}"] = ("a", "YUYV", expected.SAME, ("--view", "strip", "--rotate", degrees))
    for name in ("drm-TERM", "drm-INT", "fb-TERM", "fb-INT", "display-back"):
        table[name] = ("a", "YUYV", expected.SAME, ("--view", "restored"))
    last = "b" if rounds % 2 else "a"
    table[f"unplugged-{last}"] = (last, "YUYV", expected.SAME, ("--view", "restored"))
    table["button-strip"] = ("a", "YUYV", expected.SAME, ("--view", "strip"))
    table["found-face"] = ("a", "YUYV", expected.FOUND, ("--view", "in-place"))
    return table


def root_file_system(guest, frames, options):
    """The guest's files."""
    archive = Archive()
    for folder in ("dev", "proc", "sys", "tmp", "etc", "usr/bin"):
        archive.folder(folder)
    archive.file("init", (HERE / "guest/init.sh").read_bytes(), 0o755)
    archive.tree("guest", HERE / "guest")
    archive.tree("frames", frames)
    archive.file("options", options.encode())
    archive.file("bin/busybox", (guest["cache"] / "busybox/bin/busybox").read_bytes(), 0o755)
    archive.file("bin/face8x", guest["face8x"].read_bytes(), 0o755)
    archive.file("bin/face8x-board", guest["tools"].read_bytes(), 0o755)
    add_libraries(archive, guest["sysroot"], LIBRARIES)
    add_modules(archive, guest["modules"], MODULES)
    return archive


def main():
    """Runs all of it; the exit code is the verdict."""
    if len(sys.argv) != 8:
        sys.exit(__doc__)
    face8x, tools, guest_face8x, guest_tools, sysroot, cache, out = map(Path, sys.argv[1:])
    rounds = 100 if os.environ.get("LONG") == "1" else 1
    parts = os.environ.get("PARTS") or " ".join(PARTS)
    start = time.monotonic()
    shutil.rmtree(out, ignore_errors=True)
    frames = out / "frames"
    for folder, number in (("a", "0"), ("b", "60")):
        subprocess.run([tools, "frames", frames / folder, number], check=True)
    box = (frames / "a/box").read_text()
    Picture(128, 128, bytes(range(256)) * 192).write(frames / "face.png")

    kernel = next(path for path in cache.glob("kernel-*") if (path / "boot").is_dir())
    guest = {"face8x": guest_face8x, "tools": guest_tools, "sysroot": sysroot, "cache": cache,
             "modules": Modules(kernel)}
    options = f"BOX='{box}'\nFORMATS='{' '.join(FORMATS)}'\nVIVID='{' '.join(VIVID)}'\nROUNDS={rounds}\nPARTS='{parts}'\n"
    root_file_system(guest, frames, options).write(out / "initramfs.gz")

    report = Report()
    files = out / "guest"
    files.mkdir()
    tree, trace = out / "virt.dtb", out / "gpio.trace"
    Machine(cache, out, [*BOARD, "-M", f"dumpdtb={tree}"]).run_once("-display", "none")
    add_spi(tree)
    machine = Machine(cache, out, [
        *BOARD, "-dtb", tree, "-kernel", next((kernel / "boot").glob("vmlinuz-*")),
        "-initrd", out / "initramfs.gz",
        "-append", "console=ttyAMA0 loglevel=4 vt.global_cursor_default=0 panic=-1",
        "-fsdev", f"local,id=out,path={files},security_model=none",
        "-device", "virtio-9p-pci,fsdev=out,mount_tag=out",
        "-trace", f"pl061_write,file={trace}",
    ])
    host = expected.Host(face8x, out)
    table = shots(rounds)
    with ThreadPoolExecutor(1) as other:
        pictures = other.submit(expected.host_pictures, host, frames, table, box)
        machine.run(report, LIMIT + rounds * 20)
    expected.keep_best(out, "found-face", pictures.result()["found-face"])
    expected.compare_shots(report, out, table, pictures.result())
    expected.compare_left(report, out)
    expected.compare_vivid(report, out, VIVID)
    expected.compare_panel(report, host, frames, trace, box)
    trace.unlink()
    print(f"the pictures are in {out} ({time.monotonic() - start:.0f} s)")
    sys.exit(report.sum())


if __name__ == "__main__":
    main()
