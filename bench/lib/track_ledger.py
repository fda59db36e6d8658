"""The ledger's rows of the tracking benchmark: taking points in, keeping them small, finding them again."""

import os
import subprocess
from pathlib import Path

from . import process
from .report import bound
from .setting import PEERS, ROOT

#: One core, for what is promised of one.
ONE_CORE = ["taskset", "-c", "0"]


def every(setting, python, points=100_000_000, runs=10_000):
    """All measurements, in the order of the table. The homes that are searched are made here: a few minutes, and 2 GB
    for as long."""
    ledger = build()
    return [
        Ingest(ledger), PythonIngest(ledger, python, setting.scratch / "ingest"), Bytes(ledger),
        Plot(ledger, setting, points), Runs(ledger, setting, runs),
    ]


def build():
    """Builds the program of `bench/ours/ledger`."""
    subprocess.run(
        ["cargo", "build", "--locked", "--release", "-p", "aether-ledger", "--example", "ledger"], cwd=ROOT, check=True
    )
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / "ledger"


class Ingest:
    """Points from Rust, from the first one said to all of them synced and counted by the index, on one core."""

    POINTS = 10_000_000

    def __init__(self, ledger):
        self.ledger, self.rate = ledger, []

    def round(self):
        result = process.result_of([*ONE_CORE, self.ledger, "ingest", str(self.POINTS)])
        self.rate.append(result["queryable_per_s"] / 1e6)

    def lines(self):
        yield bound("ingest from Rust, durable and queryable, one core", self.rate, "M points/s", 5, at_least=True)


class PythonIngest:
    """The same from Python, a hundred metrics a call; the index is Rust's, in a process of its own."""

    CALLS = 20_000

    def __init__(self, ledger, python, home):
        self.ledger, self.python, self.home, self.rate = ledger, python, home, []

    def round(self):
        home = self.home / str(len(self.rate))
        script = [self.python, PEERS / "track_ingest.py", "--calls", str(self.CALLS), "--home", home]
        said = process.result_of([*ONE_CORE, *script], {"AETHER_AUTO": "0"})
        found = process.result_of([*ONE_CORE, self.ledger, "read", home])
        if found["points"] != said["points"]:
            raise SystemExit(f"bench: {found['points']} of {said['points']} points arrived")
        self.rate.append(said["points"] / (said["seconds"] + found["points_ms"] / 1e3) / 1e6)

    def lines(self):
        yield bound("ingest from Python, 100 metrics a call, one core", self.rate, "M points/s", 1, at_least=True)


class Bytes:
    """Bytes of a compacted point, with its step and time: ten metrics said together, as a training does."""

    POINTS = 1_000_000

    def __init__(self, ledger):
        self.ledger, self.samples = ledger, []

    def round(self):
        # The same points give the same bytes.
        if not self.samples:
            self.samples.append(process.result_of([self.ledger, "bytes", str(self.POINTS)]))

    def lines(self):
        kinds = [
            ("noisy_10", "a noisy point, compacted", 4),
            ("smooth_10", "a smooth point, compacted", 1),
        ]
        for key, what, target in kinds:
            yield bound(f"bytes of {what}", [sample[key] for sample in self.samples], "bytes", target)


class Plot:
    """`aether plot` of one series of a hundred, from start to exit, when nothing of the home is in memory."""

    def __init__(self, ledger, setting, points):
        self.setting, self.home, self.cold = setting, setting.scratch / "long", []
        self.run = process.result_of([ledger, "long", self.home, str(points)])["run"]

    def round(self):
        forget(self.home)
        command = [self.setting.aether, "plot", self.run, "m42"]
        self.cold.append(1e3 * process.run(command, {"AETHER_HOME": str(self.home)}).seconds)

    def lines(self):
        yield bound("`aether plot` of one series out of 10^8 points, cold", self.cold, "ms", 200)


class Runs:
    """`aether runs` from start to exit: when nothing of the home is in memory, and right after that."""

    def __init__(self, ledger, setting, runs):
        self.setting, self.home, self.cold, self.warm = setting, setting.scratch / "many", [], []
        process.result_of([ledger, "many", self.home, str(runs)])
        self.list()

    def list(self):
        return 1e3 * process.run([self.setting.aether, "runs"], {"AETHER_HOME": str(self.home)}).seconds

    def round(self):
        forget(self.home)
        self.cold.append(self.list())
        self.list()
        self.warm.append(self.list())

    def lines(self):
        yield bound("`aether runs` over 10,000 runs, cold", self.cold, "ms", 300)
        yield bound("`aether runs` over 10,000 runs, warm", self.warm, "ms", 30)


def forget(directory):
    """Has the kernel forget what it holds of a directory: all caches where that is allowed, else the files' content."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        for path in Path(directory).rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
