"""The measurements. Each runs both sides once, one after the other, and adds what it saw to the samples; calling them
in turn, round after round, is what interleaves the two."""

import statistics

from . import process, same_work
from .report import bound, ratio
from .setting import PEERS, ROOT, TUNED

# Multiplications and additions of one step of W3, 784-1024-1024-10 at batch 256: each weight is used in the forward
# product and in its own gradient, and all but the first layer's in the gradient of their inputs.
W3_FLOP = 2 * 256 * (2 * 784 * 1024 + 3 * 1024 * 1024 + 3 * 1024 * 10)


class Steps:
    """Training steps a second of the bare engines, both from the same weights over the same eight batches."""

    #: A machine's rate drifts from one second to the next by more than what is measured, so our product and our steps
    #: take turns so often in a round.
    TURNS = 8

    def __init__(self, setting):
        self.setting, self.samples = setting, {}
        for work in ("W1", "W2", "W3"):
            process.result_of(setting.torch(work, "--export", setting.scratch / f"{work}.safetensors"))
            self.samples[work] = ([], [])
        self.share, self.peer_sgemm = [], []

    def round(self):
        s = self.setting
        for work, (ours, theirs) in self.samples.items():
            mine = self._steps(work, s.seconds)
            peer = process.result_of(s.torch(work, "--seconds", s.seconds), TUNED)
            same_work.check(work, mine, peer)
            ours.append(mine["steps_per_s"])
            theirs.append(peer["steps_per_s"])
        turn = s.seconds / self.TURNS
        turns = [(self._sgemm(turn), self._steps("W3", turn)) for _ in range(self.TURNS)]
        sgemm = statistics.mean(gflops for gflops, _ in turns)
        steps = statistics.mean(mine["steps_per_s"] for _, mine in turns)
        self.share.append(steps * W3_FLOP / 1e9 / sgemm)
        theirs = process.result_of(s.torch("gemm", "--seconds", s.seconds / 2), TUNED)["gflops"]
        self.peer_sgemm.append(theirs / sgemm)

    def _steps(self, work, seconds):
        s = self.setting
        return process.result_of([
            s.engine, "steps", work, "--from", s.scratch / f"{work}.safetensors", "--seconds", str(seconds),
            "--threads", str(s.threads),
        ])

    def _sgemm(self, seconds):
        s = self.setting
        command = [s.engine, "gemm", "--seconds", str(seconds), "--threads", str(s.threads)]
        return process.result_of(command)["gflops"]

    def lines(self):
        names = {
            "W1": ("10-128-1, batch 64, Adam", 30),
            "W2": ("64-256-256-10, batch 64, Adam", 2.2),
            "W3": ("784-1024-1024-10, batch 256, Adam", 1.15),
        }
        for work, (what, target) in names.items():
            yield ratio(what, *self.samples[work], "steps/s", target)
        # The machine's rate is the better of the two sides' rates, so that neither can set its own mark; by the median,
        # for the better of two noisy measurements is better than either.
        peak = max(1, statistics.median(self.peer_sgemm))
        share = [100 * of_ours / peak for of_ours in self.share]
        yield bound("the third, of the machine's sgemm rate", share, "%", 85, at_least=True)


class WholeProcess:
    """2,000 steps of W1, from the start of the process to its end, timed from outside."""

    def __init__(self, setting):
        self.setting, self.ours, self.theirs = setting, [], []

    def round(self):
        s = self.setting
        self.ours.append(process.run(s.train("w1.yaml", "max_steps=2000"), s.home).seconds)
        self.theirs.append(process.run(s.torch("W1", "--steps", 2000), TUNED).seconds)

    def lines(self):
        yield ratio("whole process, 2,000 steps of the first", self.ours, self.theirs, "s", 40, higher_is_better=False)


class Loop:
    """What the loop around the step costs: `aether train` on a terminal, with its ledger and progress line, less the
    bare engine over batches gathered in the same way; Lightning's Trainer over batches made before, less the bare
    PyTorch step. Ours is a small difference, so the step in it does next to nothing."""

    STEPS = 400_000

    def __init__(self, setting, steps):
        self.setting, self.steps, self.ours, self.theirs = setting, steps, [], []

    def round(self):
        s = self.setting
        # The difference of two lengths leaves out what a run costs once: start, validation, last snapshot.
        short, long = (
            process.run(s.train("tiny.yaml", f"max_steps={n}"), s.home, terminal=True).seconds
            for n in (2_000, 2_000 + self.STEPS)
        )
        bare = process.result_of([s.engine, "tiny", "--seconds", str(s.seconds), "--threads", str(s.threads)])
        self.ours.append((long - short) / self.STEPS * 1e6 - bare["us_per_step"])
        lightning = process.result_of([s.python, PEERS / "lightning_train.py", "--threads", str(s.threads)], TUNED)
        self.theirs.append(lightning["us_per_step"] - 1e6 / self.steps.samples["W1"][1][-1])

    def lines(self):
        yield bound("orchestrator, ledger and progress line, a step", self.ours, "us", 3, self.theirs)


class Point:
    """One metric point from the training thread into the ledger."""

    def __init__(self, setting):
        self.setting, self.ours = setting, []

    def round(self):
        self.ours.append(process.result_of([self.setting.engine, "point"])["ns"])

    def lines(self):
        yield bound("one metric point into the ledger", self.ours, "ns", 150)


class Start:
    """How long until something happens."""

    def __init__(self, setting):
        self.setting, self.version, self.first_step = setting, [], []

    def round(self):
        s = self.setting
        self.version.append(1e3 * process.run([s.aether, "--version"]).seconds)
        self.first_step.append(1e3 * self.until_first_step())

    def until_first_step(self):
        """A run of one step, from its start to the end of its process: an upper bound, for the end writes a
        snapshot."""
        s = self.setting
        return process.run(s.train("w1.yaml", "max_steps=1"), s.home).seconds

    def lines(self):
        yield bound("`aether --version`", self.version, "ms", 5)
        yield bound("`aether train` to its first step (and its end)", self.first_step, "ms", 50)


class Memory:
    """The peak resident memory of a whole training of W3."""

    def __init__(self, setting):
        self.setting, self.ours, self.theirs = setting, [], []

    def round(self):
        s = self.setting
        self.ours.append(process.run(s.train("w3.yaml", "max_steps=50"), s.home).peak_bytes / 1e6)
        self.theirs.append(process.run(s.torch("W3", "--steps", 50), TUNED).peak_bytes / 1e6)

    def lines(self):
        yield bound("peak memory of the third", self.ours, "MB", 80, self.theirs)


class Prediction:
    """One call of the Predictor on the third model, beside PyTorch in inference mode."""

    def __init__(self, setting):
        self.setting = setting
        self.samples = {1: ([], []), 64: ([], [])}
        directory = setting.scratch / "predict"
        process.run(setting.train("w3.yaml", "max_steps=1", f"snapshot.dir={directory}"), setting.home)
        self.snapshot = directory / "latest.safetensors"

    def round(self):
        s = self.setting
        for batch, (ours, theirs) in self.samples.items():
            size = ["--batch", str(batch), "--seconds", str(s.seconds / 2)]
            mine = [s.engine, "infer", "--snapshot", self.snapshot, *size, "--threads", str(s.threads)]
            ours.append(process.result_of(mine)["us_per_call"])
            theirs.append(process.result_of(s.torch("infer", *size), TUNED)["us_per_call"])

    def lines(self):
        for batch, (ours, theirs) in self.samples.items():
            yield ratio(f"Predictor, third model, batch {batch}", ours, theirs, "us", 1.3, higher_is_better=False)


class Binary:
    """The size of the stripped release binary, and with `cold` how long a build from nothing takes."""

    def __init__(self, setting, cold):
        self.setting, self.cold, self.seconds = setting, cold, []

    def round(self):
        if self.cold and not self.seconds:
            target = self.setting.scratch / "cold"
            command = ["cargo", "build", "--locked", "--release", "--manifest-path", ROOT / "Cargo.toml"]
            self.seconds.append(process.run(command, {"CARGO_TARGET_DIR": str(target)}).seconds)

    def lines(self):
        yield bound("release binary, stripped", [self.setting.aether.stat().st_size / 1e6], "MB", 20)
        if self.seconds:
            yield bound("cold `cargo build --release`", [self.seconds[0] / 60], "min", 6)


def every(setting, cold):
    """All measurements, in the order of the table."""
    steps = Steps(setting)
    return [
        steps, WholeProcess(setting), Loop(setting, steps), Point(setting), Start(setting), Memory(setting),
        Prediction(setting), Binary(setting, cold),
    ]
