"""The rows of bench/view."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import time

from . import process
from .report import bound, ratio
from .setting import PEERS
from .track_ledger import build
from .view_browser import api, dash, measure, pages, resident, transferred
from .view_peers import peers

#: The height of a window in which ten charts of every page are in sight.
TALL = 2400

#: Holds once ten charts have drawn points.
TEN = "document.querySelectorAll('.chart[data-empty=\"false\"] canvas').length >= 10"
ONE = "document.querySelector('.chart[data-empty=\"false\"] canvas')"
#: Holds once the table has lines that lead to runs.
TABLE = "document.querySelectorAll('.grid-line a').length >= 20"


def every(setting, points=1_000_000, all_points=100_000_000, runs=10_000, others=True):
    """All measurements, in the order of the table. Their homes are made here: two minutes and 1 GB; those of the others
    once and for all, a quarter of an hour."""
    ledger = build()
    ten = Home(setting, ledger, "ten", "long", 10 * points, 10)
    return [
        Top(setting, ten), Transferred(setting, ten), Runs(setting, Home(setting, ledger, "many", "many", runs)),
        TenCharts(setting, ten, points, peers(setting) if others else []),
        FirstChart(setting, Home(setting, ledger, "long", "long", all_points)),
        Point(setting), Memory(setting, ten), Frames(setting, ten),
    ]


class Home:
    """A home that the program of `bench/ours/ledger` makes."""

    def __init__(self, setting, ledger, name, *what):
        self.path = setting.scratch / name
        kind, *numbers = map(str, what)
        self.run = process.result_of([ledger, kind, self.path, *numbers]).get("run")


class Top:
    """`aether top` on a terminal of 80 x 24, from its start until the list of runs is drawn."""

    #: What every run of `bench/ours/ledger` is called.
    NAME = b"bench"

    def __init__(self, setting, home):
        self.command, self.home, self.ms = [str(setting.aether), "top"], home, []

    def round(self):
        reader, writer = pty.openpty()
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        env = {**os.environ, "AETHER_HOME": str(self.home.path), "TERM": "xterm-256color"}
        start = time.perf_counter()
        child = subprocess.Popen(self.command, stdin=writer, stdout=writer, stderr=writer, env=env, start_new_session=True)
        os.close(writer)
        seen = b""
        while self.NAME not in seen:
            try:
                seen += os.read(reader, 65536)
            except OSError as error:
                raise SystemExit(f"bench: `aether top` ended before it drew: {seen[-500:]!r}") from error
        self.ms.append(1e3 * (time.perf_counter() - start))
        child.terminate()
        child.wait()
        os.close(reader)

    def lines(self):
        yield bound("`aether top`, first frame, with its runs", self.ms, "ms", 50)


class Transferred:
    """Bytes of the page on a first visit."""

    def __init__(self, setting, home):
        self.setting, self.home, self.kilobytes = setting, home, []

    def round(self):
        if not self.kilobytes:
            with dash(self.setting, self.home.path) as (_, url):
                # One that needs all scripts.
                self.kilobytes.append(transferred(url, "/host") / 1e3)

    def lines(self):
        yield bound("page transferred, gzip", self.kilobytes, "kB", 120)


class Drawn:
    """Milliseconds from a navigation until a page has drawn, in a browser and a server just started."""

    what, target = "", 0.0
    #: Of the window, in pixels.
    height = 900

    def __init__(self, setting, home):
        self.setting, self.home, self.ms = setting, home, []

    def address(self):
        return f"/runs/{self.home.run}"

    def ready(self):
        return ONE

    def round(self):
        with dash(self.setting, self.home.path) as (_, url):
            self.ms.append(measure("drawn", url + self.address(), self.ready(), self.height)["ms"])

    def lines(self):
        yield bound(self.what, self.ms, "ms", self.target)


class Runs(Drawn):
    """The runs page, until its table has lines."""

    what, target = "runs page with 10,000 runs, to interactive", 300

    def address(self):
        return "/"

    def ready(self):
        return TABLE


class FirstChart(Drawn):
    """The page of a run of a hundred series, until its first chart is drawn."""

    what, target = "10^8 points in the home: first chart", 300


class TenCharts(Drawn):
    """The page of a run of ten series, until all have their charts; and the same of the others."""

    what, target = "run page, 10 charts of 1 million points each, to drawn", 400
    height = TALL

    def __init__(self, setting, home, points, others):
        super().__init__(setting, home)
        self.others = []
        for peer in others:
            self.others.append((peer, *peer.fill(points, 10), []))

    def ready(self):
        return TEN

    def round(self):
        super().round()
        for peer, directory, filled, ms in self.others:
            with peer.serve(directory, filled) as url:
                ms.append(measure("drawn", url, peer.drawn, self.height)["ms"])

    def lines(self):
        yield from super().lines()
        for peer, _, _, ms in sorted(self.others, key=lambda other: sorted(other[3])):
            yield ratio(f"the same, beside {peer.title}", self.ms, ms, "ms", 10, higher_is_better=False)


class Point:
    """From `log` in Python to the value on the screen."""

    def __init__(self, setting):
        self.setting, self.home, self.ms = setting, setting.scratch / "point", []

    def round(self):
        at = len(self.ms)
        go, said = (self.setting.scratch / f"point-{name}-{at}" for name in ("go", "said"))
        for pipe in (go, said):
            os.mkfifo(pipe)
        home = self.home / str(at)
        child = subprocess.Popen([self.setting.python, PEERS / "view_point.py", home, go, said], env={**os.environ, "AETHER_AUTO": "0", "AETHER_HOME": str(home)})
        with dash(self.setting, home) as (_, url):
            while not (runs := api(url, "/runs")["runs"]):
                time.sleep(0.1)
            shown = "[...document.querySelectorAll('.chart-value')].some((value) => value.textContent.includes('123.25'))"
            ready = "[...document.querySelectorAll('.chart-value')].some((value) => value.textContent.trim() === '1')"
            command = f"echo go > {go}; cat {said}"
            self.ms.append(measure("point", f"{url}/runs/{runs[0]['id']}", ready, shown, command)["ms"])
        child.wait()

    def lines(self):
        yield bound("point logged to point on screen", self.ms, "ms", 300)


class Memory:
    """Resident memory of the server: after one page was opened and closed, and with twenty open ones."""

    def __init__(self, setting, home):
        self.setting, self.home, self.idle, self.busy = setting, home, [], []

    def round(self):
        with dash(self.setting, self.home.path) as (child, url):
            address = f"{url}/runs/{self.home.run}"
            measure("drawn", address, TEN, TALL)
            time.sleep(2)
            self.idle.append(resident(child.pid) / 1e6)
            with pages(address, TEN, 20):
                time.sleep(2)
                self.busy.append(resident(child.pid) / 1e6)

    def lines(self):
        yield bound("server memory, idle", self.idle, "MB", 30)
        yield bound("server memory, with 20 open pages", self.busy, "MB", 150)


class Frames:
    """Frames a second while ten charts are zoomed and panned together."""

    def __init__(self, setting, home):
        self.setting, self.home, self.rate = setting, home, []

    def round(self):
        with dash(self.setting, self.home.path) as (_, url):
            self.rate.append(measure("frames", f"{url}/runs/{self.home.run}", TEN)["per_second"])

    def lines(self):
        # A screen of 60 Hz gives no more, and a measurement of it now and then a little less.
        yield bound("pan and zoom, 10 charts of 1 million points", self.rate, "frames/s", 59.5, at_least=True)
