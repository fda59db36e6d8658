"""The client's rows of the tracking benchmark: what a call costs, beside the other trackers, and what `kill -9` takes; and
what `aether run` costs a program."""

import json
import mmap
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
from statistics import median

from . import process
from .report import Line, bound, quantity, ratio, spread
from .setting import PEERS

#: The other trackers: their package, their name.
TRACKERS = {
    "tensorboard": "TensorBoard's SummaryWriter",
    "wandb": "W&B, offline",
    "mlflow": "MLflow on SQLite",
    "trackio": "trackio",
    "aim": "aim",
}


def pythons(setting):
    """The interpreter of each tracker that is there."""
    found = {tracker: setting.python for tracker in TRACKERS if tracker != "aim"}
    if aim := setting.python_with("aim"):
        found["aim"] = aim
    return found


class Calls:
    """Microseconds a call, one metric and a hundred, of everyone in turn."""

    def __init__(self, setting, pythons):
        self.seconds = setting.seconds
        self.pythons = {"aether": setting.python, **pythons}
        self.samples = {}

    def round(self):
        for tracker, python in self.pythons.items():
            with tempfile.TemporaryDirectory(prefix="aether-track-", ignore_cleanup_errors=True) as directory:
                command = [python, PEERS / f"track_{tracker}.py", directory, "--seconds", str(self.seconds)]
                for what, value in process.result_of(command).items():
                    self.samples.setdefault((tracker, what), []).append(value)

    def lines(self):
        one = self.samples["aether", "us_1"]
        yield bound("`aether.log`, one metric, a call", one, "us", 2.5)
        fastest = min(self.pythons.keys() - {"aether"}, key=lambda tracker: median(self.samples[tracker, "us_1"]))
        yield ratio(
            f"the same, beside the fastest peer ({TRACKERS[fastest]})", one, self.samples[fastest, "us_1"], "us", 10,
            higher_is_better=False,
        )
        yield bound("`aether.log`, 100 metrics, a call", self.samples["aether", "us_100"], "us", 25)

    def table(self):
        """Every tracker's time a call: medians, in brackets the range."""
        measured = ("us_1", "sustained_us_1", "us_100", "sustained_us_100")
        lines = ["| tracker | one metric | without a pause | 100 metrics | without a pause |", "| --- | --- | --- | --- | --- |"]
        names = {"aether": "Aether", **TRACKERS}
        for tracker in sorted(self.pythons, key=lambda tracker: median(self.samples[tracker, "us_1"])):
            cells = [spread(self.samples[tracker, what], "us") for what in measured]
            lines.append("| " + " | ".join([names[tracker], *cells]) + " |")
        lines += [f"| {names[tracker]} | could not be installed | | | |" for tracker in TRACKERS if tracker not in self.pythons]
        return "\n".join(lines)


class Killed:
    """What `kill -9` at a random instant takes of what a program had said: the time from the first point that no reader
    finds to the last one that the program had said. And what a power cut takes at worst: what comes from one sync of
    the log to the end of the next, and what was not yet written then."""

    #: Seconds between two points, points that the notes have room for, and the longest life of a program, seconds.
    PACES = {"as fast as it can": (None, 4_000_000, 1.5), "1,000 points/s": (0.001, 100_000, 4.5)}
    #: Programs that are killed in a round, at each pace.
    KILLS = 5

    def __init__(self, setting):
        self.setting = setting
        self.random = random.Random(0)
        self.samples = {pace: [] for pace in self.PACES}
        self.spans = []

    def round(self):
        for pace, samples in self.samples.items():
            samples += [self.lost(*self.PACES[pace]) for _ in range(self.KILLS)]

    def lost(self, pause, room, life):
        """Milliseconds of points that are lost by one program."""
        notes = self.setting.scratch / "notes"
        with open(notes, "wb") as file:
            file.truncate(8 * (room + 2))
        command = [self.setting.python, PEERS / "track_killed.py", notes]
        if pause:
            command += ["--pause", str(pause)]
        child = subprocess.Popen(command, env={**os.environ, **self.setting.home})
        with open(notes, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as said:
            def number(at):
                return struct.unpack_from("<Q", said, 8 * at)[0]

            while number(0) == 0:
                if child.poll() is not None:
                    sys.exit("bench: the program that says points ended by itself")
                time.sleep(0.01)
            time.sleep(self.random.uniform(0.5, life))
            child.kill()
            child.wait()
            read = self.points()
            lost = (number(number(0) + 1) - number(read + 2)) / 1e6 if number(0) > read else 0.0
            if number(1) > 0:
                self.spans.append(number(1) / 1e6 + lost)
            return lost

    def points(self):
        """How many points of the newest run a reader finds, every one from the first on."""
        show = process.result_of([self.setting.aether, "show", "@latest", "--json"], self.setting.home)
        said = show["metrics"]["said"]
        if said["last_step"] != said["count"] - 1:
            sys.exit(f"bench: of a killed program's points some in the middle are gone: {said}")
        return said["count"]

    def lines(self):
        for pace, samples in self.samples.items():
            what = f"lost by `kill -9`, {pace}: the longest of {len(samples)}"
            yield Line(what, spread(samples, "ms"), "-", max(samples), 50, "ms", False)
        what = f"lost by a power cut at the worst instant: the longest of {len(self.spans)}"
        yield Line(what, spread(self.spans, "ms"), "-", max(self.spans), 1000, "ms", False)


class Start:
    """`aether run -- true` over `true`, in pairs: as somebody types them, and as fast as a shell's loop gives them, in
    which what the supervisor does after a run's end goes on beside the next pair."""

    PAIRS = 20
    #: Seconds between one pair and the next.
    PAUSE = 0.1

    def __init__(self, setting, in_a_loop):
        self.setting, self.in_a_loop, self.alone, self.supervised = setting, in_a_loop, [], []

    def round(self):
        for _ in range(self.PAIRS):
            time.sleep(0 if self.in_a_loop else self.PAUSE)
            self.alone.append(1e3 * process.run(["true"]).seconds)
            run = [self.setting.aether, "run", "--", "true"]
            self.supervised.append(1e3 * process.run(run, self.setting.home).seconds)

    def lines(self):
        more = median(s - a for a, s in zip(self.alone, self.supervised))
        what = "the same in a loop without a pause" if self.in_a_loop else "`aether run -- true` over `true`, more"
        yield Line(what, spread(self.supervised, "ms"), spread(self.alone, "ms"), more, 10, "ms", False)


class SlowDown:
    """A training that keeps a processor busy, alone and under `aether run` with everything on. All programs are there all
    the time, on one core, and take turns of a few steps: what the core does now it does to each of them. Chance decides who
    starts first, whose turn is after whose, and, in each block of turns anew, where their memory lies. Two processes of one
    program still differ: so there are many, and two alone beside each one under `aether run`, whose difference says how
    much is chance."""

    #: Trios of processes in a round, blocks of each, turns in a block, and steps in a turn.
    TRIOS, BLOCKS, TURNS, STEPS = 4, 8, 50, 4

    def __init__(self, setting):
        self.setting = setting
        self.random = random.Random()
        self.wall, self.processor, self.chance, self.supervisor = [], [], [], []
        self.rates = ([], [])

    def round(self):
        for _ in range(self.TRIOS):
            run = [self.setting.aether, "run", "--quiet", "--"]
            trio = [None] * 3
            for which in self.chance_order():
                trio[which] = Training(self.setting, run if which == 2 else [], which)
            for process in trio:
                process.wait()
            blocks = [self.block(trio) for _ in range(self.BLOCKS)]
            (wall, used), (other_wall, other_used), (s_wall, s_used) = (
                (sum(w), sum(u)) for w, u in (zip(*one) for one in zip(*blocks))
            )
            self.wall.append(100 * (2 * s_wall / (wall + other_wall) - 1))
            self.processor.append(100 * (2 * s_used / (used + other_used) - 1))
            self.chance.append(100 * abs(wall / other_wall - 1))
            for rates, seconds in zip(self.rates, (wall, s_wall)):
                rates.append(self.BLOCKS * self.TURNS * self.STEPS / seconds)
            # The supervisor looks on all the time, while the others have their turns as well.
            *_, looking = [process.end() for process in trio]
            for process in trio:
                process.child.wait()
            self.supervisor.append(100 * looking / len(trio) / sum(used for *_, (_, used) in blocks))

    def chance_order(self):
        """Of a trio: what one leaves in the caches is not always the same one's."""
        return self.random.sample(range(3), 3)

    def block(self, trio):
        """Of each, the seconds of its steps by the clock, and those of the processor: with what its threads do meanwhile."""
        for process in trio:
            process.move()
        wall, before = [0.0] * len(trio), [process.used for process in trio]
        for _ in range(self.TURNS):
            for which in self.chance_order():
                wall[which] += trio[which].train(self.STEPS)
        return [(took, process.used - used) for took, process, used in zip(wall, trio, before)]

    def lines(self):
        alone, supervised = (spread(rates, "steps/s") for rates in self.rates)
        chance = f"two alone differ by {quantity(median(self.chance), '%')}"
        yield from (
            Line(f"{what} ({interval(values)}; {chance})", ours, theirs, median(values) + more, 1.0, "%", False)
            for what, values, ours, theirs, more in (
                ("slow-down of a busy PyTorch training under `aether run`, wall time", self.wall, supervised, alone, 0.0),
                (
                    "the same in user and system time, the supervisor's included", self.processor,
                    f"of it {quantity(median(self.supervisor), '%')} the supervisor", "-", median(self.supervisor),
                ),
            )
        )


class Training:
    """A process that trains as many steps as it is told to, when it is told to."""

    def __init__(self, setting, before, number):
        self.listener, self.used = socket.socket(socket.AF_UNIX), 0.0
        path = setting.scratch / f"training{number}.sock"
        path.unlink(missing_ok=True)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(120)
        command = [*before, setting.python, PEERS / "track_training.py", path]
        self.child = subprocess.Popen(command, env={**os.environ, **setting.home}, stdin=subprocess.DEVNULL)

    def wait(self):
        """Until it is ready: several may begin at once."""
        with self.listener:
            peer, _ = self.listener.accept()
        self.lines = peer.makefile("rw", buffering=1)
        self.train(1)  # says what it has used so far

    def train(self, steps):
        """Seconds by the clock."""
        took, self.used = self._ask(steps)
        return took

    def move(self):
        """Has it go on elsewhere in memory, with a step that counts for nothing."""
        _, self.used = self._ask("move")

    def end(self):
        """Seconds that its parent has used of a processor."""
        return self._ask("end")

    def _ask(self, what):
        print(what, file=self.lines)
        return json.loads(self.lines.readline())


def interval(values):
    """Between which of the values the true median lies, 95 times of 100: by the ranks of the sign test."""
    ordered, count = sorted(values), len(values)
    low = max(0, int((count - 1.96 * count**0.5) / 2))
    return f"95 %: {ordered[low]:.2f} to {ordered[count - 1 - low]:.2f}"


def every(setting):
    """All but the calls, in the order of the table."""
    return [Start(setting, False), Start(setting, True), SlowDown(setting), Killed(setting)]
