#!/usr/bin/env python3
"""The page of `--sink http:` in a real browser: Chromium without a screen, driven by WebDriver
(https://www.w3.org/TR/webdriver2/).

usage: test.py [--screenshot FILE]

Builds face8x unless $FACE8X names a program. Prints what passed and failed in the words of cargo's test
programs; exits with 77 where no Chromium can be installed.
"""

import argparse
import base64
import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "board" / "virtual"))
from vboard.report import Report  # noqa: E402

PACKAGES = ["chromium-headless-shell", "chromium-driver"]
# Width and height of the pictures that are compared.
SIZE = (80, 60)
# Two pictures of something that moves differ by more levels than this, on average.
MOVED = 0.05
WAIT = 20
GREY = """
const picture = document.getElementById("picture"), canvas = document.createElement("canvas");
[canvas.width, canvas.height] = arguments;
const context = canvas.getContext("2d");
context.drawImage(picture, 0, 0, canvas.width, canvas.height);
const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data, grey = [];
for (let k = 0; k < pixels.length; k += 4) grey.push(pixels[k] + pixels[k + 1] + pixels[k + 2]);
return grey;
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(what, seconds=WAIT):
    """The first answer of `what` that is true, or its last one after so many seconds."""
    end = time.monotonic() + seconds
    while not (answer := what()) and time.monotonic() < end:
        time.sleep(0.2)
    return answer


class Program:
    """face8x, showing the demo scene to browsers."""

    def __init__(self, path, sink, folder):
        self.log = folder / "log"
        command = [path, "run", "--source", "demo:", "--view", "in-place", "--sink", sink, "--threads", "1"]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def token(self):
        found = until(lambda: re.search(r"\?token=(\w+)", self.log.read_text()))
        return found.group(1) if found else ""

    def stop(self):
        self.process.terminate()
        return self.process.wait(WAIT)


class Browser:
    """A session of Chromium."""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,700"]
        options = {"binary": shutil.which("chromium-headless-shell"), "args": arguments}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        until(lambda: self.ready())
        self.base += "/session/" + self.ask("POST", "/session", wanted)["sessionId"]

    def ready(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except OSError:
            return False

    def ask(self, method, path, body=None):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.base + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, address):
        self.ask("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def press(self, words):
        """Clicks on the button or link with these words."""
        path = f"//*[self::button or self::a][text()='{words}']"
        found = self.ask("POST", "/element", {"using": "xpath", "value": path})
        self.ask("POST", f"/element/{next(iter(found.values()))}/click")

    def has_picture(self):
        return self.run("return document.getElementById('picture').naturalWidth > 0")

    def state(self):
        return self.run("return document.getElementById('state').textContent")

    def picture(self):
        return self.run(GREY, *SIZE)

    def moves(self):
        """Whether the picture changes within seven tenths of a second."""
        first = self.picture()
        time.sleep(0.7)
        return distance(first, self.picture()) > MOVED

    def screenshot(self):
        return base64.b64decode(self.ask("GET", "/screenshot"))


class Relay:
    """Passes what browsers and the program say on to each other, until it is told to cut the streams."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.port = port
        self.streams = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            browser, _ = self.listener.accept()
            program = socket.create_connection(("127.0.0.1", self.port))
            for one, other in [(browser, program), (program, browser)]:
                threading.Thread(target=self.copy, args=(one, other), daemon=True).start()

    def copy(self, one, other):
        with one, other, contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                if data.startswith(b"GET /stream.mjpg"):
                    self.streams.append(other)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def cut(self):
        """As a network does that forgets a connection: nobody is told of a mistake."""
        for program in self.streams:
            program.shutdown(socket.SHUT_RDWR)
        self.streams.clear()


def distance(one, other):
    """By how many levels two pictures differ, on average."""
    return sum(abs(a - b) for a, b in zip(one, other)) / len(one) / 3


def mirrored(picture):
    rows = [picture[k : k + SIZE[0]] for k in range(0, len(picture), SIZE[0])]
    return [level for row in rows for level in reversed(row)]


def test_page(check, browser, face8x, folder, screenshot):
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    program = Program(face8x, f"http:{port}", folder)
    until(lambda: "sink: http" in program.log.read_text())
    browser.open(address)
    check("the page shows the picture", until(browser.has_picture))
    check("the stream moves", until(browser.moves))
    shot = browser.screenshot()
    check("a screenshot is a picture", shot.startswith(b"\x89PNG") and len(shot) > 20_000)
    if screenshot:
        screenshot.write_bytes(shot)

    browser.press("Freeze")
    check("the button Freeze stops it", until(lambda: not browser.moves()))
    browser.press("Freeze")
    check("the button Freeze lets it go on", until(browser.moves))

    def is_mirrored():
        # Pressed anew each time: the picture of a while ago says nothing, since it moves.
        before = browser.picture()
        browser.press("Mirror")
        time.sleep(0.5)
        now = browser.picture()
        return distance(now, mirrored(before)) < 0.5 * distance(now, before)
    check("the button Mirror mirrors it", until(is_mirrored))
    before = browser.picture()
    def is_another_view():
        browser.press("Next view")
        time.sleep(0.5)
        return distance(browser.picture(), before) > 20
    check("the button Next view shows other views", until(is_another_view))

    link = browser.run("return document.getElementById('snapshot').href")
    with urllib.request.urlopen(link, timeout=WAIT) as answer:
        jpeg = answer.read()
    check("the link Save gives a JPEG", jpeg.startswith(b"\xff\xd8\xff") and jpeg.endswith(b"\xff\xd9"))

    check("the program ends when it is asked to", program.stop() == 0)
    check("the page says that there is no picture", until(lambda: "no picture" in browser.state()))
    program = Program(face8x, f"http:{port}", folder)
    check("the picture comes back by itself", until(lambda: browser.has_picture() and browser.moves()))
    check("the page no longer says that there is none", browser.state() == "")
    program.stop()


def test_cut(check, browser, face8x, folder):
    port = free_port()
    program = Program(face8x, f"http:{port}", folder)
    until(lambda: "sink: http" in program.log.read_text())
    relay = Relay(port)
    browser.open(relay.address)
    check("a stream by way of a relay moves", until(lambda: browser.has_picture() and browser.moves()))
    relay.cut()
    check("a stream that was cut stands still", until(lambda: not browser.moves()))
    check("a stream that was cut begins again", until(browser.moves))
    program.stop()


def test_token(check, browser, face8x, folder):
    port = free_port()
    program = Program(face8x, f"http:0.0.0.0:{port}", folder)
    token = program.token()
    address = f"http://127.0.0.1:{port}/"
    until(lambda: "sink: http" in program.log.read_text())
    try:
        with urllib.request.urlopen(address, timeout=WAIT):
            refused = False
    except urllib.error.HTTPError as error:
        refused = error.code == 401
    check("other machines need the token", refused)
    browser.open(f"{address}?token={token}")
    check("with the token the stream moves", until(lambda: browser.has_picture() and browser.moves()))
    browser.press("Freeze")
    check("with the token the buttons work", until(lambda: not browser.moves()))
    program.stop()


def built():
    """The program, which is built unless it is named."""
    if "FACE8X" in os.environ:
        return os.environ["FACE8X"]
    subprocess.run([ROOT / "scripts/all.sh", "build", "--bin", "face8x"], cwd=ROOT, check=True)
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "face8x"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--screenshot", type=pathlib.Path, help="write what the browser shows to this PNG file")
    screenshot = parser.parse_args().screenshot
    if not (shutil.which("chromedriver") and shutil.which(PACKAGES[0])):
        if subprocess.run([ROOT / "scripts/install.sh", *PACKAGES]).returncode != 0:
            print("skipped: the page in a browser, because Chromium cannot be installed here")
            sys.exit(77)
    face8x = built()
    report = Report()
    check = functools.partial(report.check, reason=f"not so within {WAIT} s")
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = pathlib.Path(folder)
        # In a group of its own: Chromium outlives its driver, and would hold this program's output open.
        nothing = subprocess.DEVNULL
        command = ["chromedriver", f"--port={port}", "--silent"]
        environment = {**os.environ, "TMPDIR": str(folder)}
        driver = subprocess.Popen(command, stdout=nothing, stderr=nothing, env=environment, start_new_session=True)
        try:
            browser = Browser(port)
            test_page(check, browser, face8x, folder, screenshot)
            test_cut(check, browser, face8x, folder)
            test_token(check, browser, face8x, folder)
        finally:
            os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()
    sys.exit(report.sum())


if __name__ == "__main__":
    main()
