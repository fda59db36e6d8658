"""The client's rows of the tracking benchmark: what a call costs, beside the other trackers; and what `aether run` costs
a program that keeps a processor busy."""

from statistics import median

from . import process
from .report import Line, bound, ratio, spread
from .setting import PEERS

#: The other trackers: their module, their name.
TRACKERS = {
    "tensorboard": "TensorBoard's SummaryWriter",
    "wandb": "W&B, offline",
    "mlflow": "MLflow on SQLite",
    "trackio": "trackio",
    "aim": "aim",
}


class Calls:
    """Microseconds a call, one metric and a hundred, of everyone in turn. Trackers that `python` lacks are left out, and
    said to be."""

    def __init__(self, python, seconds):
        self.python, self.seconds = python, seconds
        self.samples = {}
        self.missing = []
        for tracker in TRACKERS:
            module = {"tensorboard": "torch.utils.tensorboard"}.get(tracker, tracker)
            try:
                process.run([python, "-c", f"import {module}"])
            except SystemExit:
                self.missing.append(tracker)

    def round(self):
        for tracker in ("aether", *TRACKERS):
            if tracker not in self.missing:
                command = [self.python, PEERS / f"track_{tracker}.py", "--seconds", str(self.seconds)]
                result = process.result_of(command, {"AETHER_AUTO": "0"})
                for width in (1, 100):
                    self.samples.setdefault((tracker, width), []).append(result[f"us_{width}"])

    def lines(self):
        for width, target in ((1, 2.5), (100, 25.0)):
            ours = self.samples["aether", width]
            metrics = "one metric" if width == 1 else f"{width} metrics"
            yield bound(f"`aether.log`, {metrics}, per call", ours, "us", target)
            peers = {t: self.samples[t, width] for t in TRACKERS if t not in self.missing}
            if peers and width == 1:
                fastest = min(peers, key=lambda tracker: median(peers[tracker]))
                yield ratio(f"the same, beside the fastest peer, {TRACKERS[fastest]}", ours, peers[fastest], "us", 10, False)

    def table(self):
        """Every tracker's time a call: medians, in brackets the range."""
        lines = ["| tracker | one metric | 100 metrics |", "| --- | --- | --- |"]
        names = {"aether": "Aether", **TRACKERS}
        for tracker in sorted(set(names) - set(self.missing), key=lambda t: median(self.samples[t, 1])):
            one, many = (spread(self.samples[tracker, width], "us") for width in (1, 100))
            lines.append(f"| {names[tracker]} | {one} | {many} |")
        lines += [f"| {names[tracker]} | not installed | |" for tracker in self.missing]
        return "\n".join(lines)


class SlowDown:
    """A training that keeps a processor busy, alone and under `aether run` with everything on: the steps it makes in a
    fixed time, in turn. A fixed time, so that start-up counts on neither side."""

    def __init__(self, python, aether, home, seconds):
        self.python, self.aether, self.home, self.seconds = python, aether, home, seconds
        self.alone, self.supervised = [], []

    def round(self):
        script = [self.python, PEERS / "track_training.py", "--seconds", str(self.seconds)]
        self.alone.append(process.result_of(script)["steps_per_s"])
        self.supervised.append(process.result_of([self.aether, "run", "--", *script], self.home)["steps_per_s"])

    def lines(self):
        # Each round's two sides stand next to each other in time, so their ratio is what is medianed.
        slower = [100 * (a / s - 1) for a, s in zip(self.alone, self.supervised)]
        yield Line(
            "slow-down of a busy PyTorch training under `aether run`", spread(self.supervised, "steps/s"),
            spread(self.alone, "steps/s"), median(slower), 1.0, "%", False,
        )
