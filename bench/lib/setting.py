"""What every measurement needs to know: where the programs are, and how long to measure."""
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "bench" / "peers"
CONFIGS = ROOT / "bench" / "configs"

# PyTorch at its best: buffers freed in one step are kept for the next, not given back to the kernel page by page.
TUNED = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "1073741824"}


@dataclass
class Setting:
    """Built programs and the length of one measurement."""

    seconds: float
    threads: int
    scratch: Path
    python: Path = None
    aether: Path = None
    engine: Path = None
    home: dict = field(default_factory=dict)

    def build(self, *examples):
        """Builds ours with the release profile, the program and examples that measure, and sets up the peers' Python."""
        python = _output(ROOT / "scripts" / "python")
        if python is None:
            sys.exit("bench: no Python with PyTorch, so there is nothing to compare with")
        self.python = Path(python)
        chosen = [word for example in examples for word in ("--example", example)]
        subprocess.run(
            ["cargo", "build", "--locked", "--release", "-p", "aether", "--bins", *chosen], cwd=ROOT, check=True
        )
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
        self.aether, self.engine = target / "aether", target / "examples" / "bench"
        self.home = {"AETHER_HOME": str(self.scratch / "home")}

    def python_with(self, peer):
        """The Python of a peer that does not go together with the others; None where it cannot be installed."""
        path = _output(ROOT / "scripts" / "python", PEERS / f"{peer}.txt", Path.home() / ".cache" / "aether" / f"bench-{peer}")
        return Path(path) if path else None

    def torch(self, *arguments):
        """The command line of PyTorch's side."""
        return [self.python, PEERS / "torch_train.py", *map(str, arguments), "--threads", str(self.threads)]

    def train(self, config, *overrides):
        """The command line of `aether train`."""
        sets = [word for override in overrides for word in ("--set", override)]
        return [self.aether, "train", CONFIGS / config, *sets, "--set", f"threads={self.threads}"]


def _output(*command):
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return finished.stdout.strip() if finished.returncode == 0 else None
