"""What the same frames give on the host, and whether the guest's displays show that."""

import subprocess

from .panel import Panel, from_recording, from_trace
from .picture import Picture

# The display of the virtual board in pixels.
SIZE = (640, 480)
# Least PSNR in dB between a screenshot and what the host made of the same frames. The picture is
# made by the same code from the same bytes, so that only rounding may differ between the
# processors: 45 dB is a mean error of 1.4 of 255.
SAME = 45.0
# Where the face was searched for: the box moves by a pixel or two with each search, which gives 46 dB
# and more; a picture without the face, which says so, gives 33.
FOUND = 40.0
# The vivid driver's picture in two formats: what is lost is colour between pixels.
FORMATS = 30.0
# vivid's grey has the range of luma (16 to 235), face8x takes grey for 0 to 255.
GREY = 20.0


class Host:
    """Runs the host's own face8x."""

    def __init__(self, face8x, folder):
        self.face8x = face8x
        self.folder = folder

    def run(self, frames, form, sink, *arguments):
        """Shows one frame, the file FORM of the folder `frames`, on `sink`."""
        command = [self.face8x, "run", "--source", "-", "--format", form, "--size", "640x480",
                   "--sink", sink, "--info-text", "", "--history", "1", *arguments]
        with open(frames / form, "rb") as source:
            done = subprocess.run(command, stdin=source, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr}")

    def picture(self, frames, form, *arguments):
        """The picture that the host makes of a frame, as large as the guest's display."""
        path = self.folder / "expected.png"
        self.run(frames, form, f"png:{path}@{SIZE[0]}x{SIZE[1]}", *arguments)
        return Picture.read(path)


def compare(report, name, picture, expected, least):
    """Checks a picture of the guest's."""
    if (picture.width, picture.height) != (expected.width, expected.height):
        report.fail(f"picture {name}", f"it is {picture.width}x{picture.height}")
        return
    worst, psnr = picture.difference(expected)
    report.check(f"picture {name} ({psnr:.1f} dB)", psnr >= least,
                 f"{psnr:.1f} dB to the host's, the largest difference is {worst}")


def host_pictures(host, frames, shots, box):
    """The host's picture of every screenshot in `shots`, a table of name to (frames, format, least
    PSNR, arguments), by name."""
    made = {}
    pictures = {}
    for name, (folder, form, least, arguments) in shots.items():
        detector = () if least == FOUND else ("--detector", box)
        key = (folder, form, detector, arguments)
        if key not in made:
            made[key] = host.picture(frames / folder, form, *detector, *arguments)
        pictures[name] = made[key]
        made[key].write(host.folder / f"{name}-host.png")
    return pictures


def keep_best(folder, name, expected):
    """Keeps, as NAME, that of the screenshots NAME-1, NAME-2 and so on which is most like `expected`:
    a slow machine does not find the face in time for every frame."""
    shots = [Picture.read(path) for path in folder.glob(f"{name}-[0-9].png")]
    if shots:
        max(shots, key=lambda shot: shot.difference(expected)[1]).write(folder / f"{name}.png")


def compare_shots(report, folder, shots, pictures):
    """Compares every screenshot in `shots` with the host's picture."""
    for name, (_, _, least, _) in shots.items():
        path = folder / f"{name}.png"
        if not path.exists():
            report.fail(f"picture {name}", "there is no screenshot")
            continue
        shown, expected = Picture.read(path), pictures[name]
        compare(report, name, shown, expected, least)


def compare_left(report, folder):
    """The display before and after a run must show the same."""
    for sink in ("drm", "fb"):
        for signal in ("TERM", "INT"):
            before, after = (folder / f"{sink}-{signal}-{when}.png" for when in ("before", "after"))
            if not (before.exists() and after.exists()):
                report.fail(f"{sink} left as found after SIG{signal}", "there is no screenshot")
                continue
            worst, _ = Picture.read(before).difference(Picture.read(after))
            report.check(f"{sink} left as found after SIG{signal}", worst == 0,
                         f"a byte differs by {worst}")


def compare_vivid(report, folder, formats):
    """The vivid driver's test picture must be the same in each of its formats."""
    pictures = {}
    for form in formats:
        path = folder / f"vivid-{form}.png"
        if path.exists():
            pictures[form] = Picture.read(path)
        else:
            report.fail(f"picture vivid-{form}", "there is no screenshot")
    reference = pictures.get("YUYV")
    for form, picture in pictures.items():
        if reference and form == "GREY":
            compare(report, f"vivid-{form}", picture.grey(), reference.grey(), GREY)
        elif reference:
            compare(report, f"vivid-{form}", picture, reference, FORMATS)
    if reference:
        report.check("picture vivid-YUYV is one", len(set(reference.pixels)) > 8, "it is empty")


def compare_panel(report, host, frames, trace, box):
    """The panel's picture as the GPIO lines moved, and as the host would have sent it."""
    with open(trace, encoding="utf-8", errors="replace") as lines:
        panel = from_trace(Panel(128, 160), lines)
    shown = panel.picture()
    shown.write(host.folder / "panel.png")
    recording = host.folder / "panel.txt"
    host.run(frames / "a", "YUYV", f"test:st7735s,path={recording}", "--detector", box,
             "--view", "restored")
    with open(recording, encoding="utf-8") as lines:
        expected = from_recording(Panel(128, 160), lines).picture()
    worst, _ = shown.difference(expected)
    report.check(f"picture panel ({panel.bytes} bytes on the bus)", worst == 0 and any(shown.pixels),
                 f"a byte differs by {worst}")
