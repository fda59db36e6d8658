"""Each test's scripts run in processes of their own, with a home of their own: by the Python that runs the tests, or
by the one that AETHER_CLIENT_PYTHON names."""

import importlib.util
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
PYTHON = os.environ.get("AETHER_CLIENT_PYTHON", sys.executable)
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(PACKAGE))


def needs(*libraries):
    """Skips a test whose libraries are not installed; where CI promises them, it fails. Does not import them: together
    in one process some of them crash."""
    missing = [library for library in libraries if importlib.util.find_spec(library) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"not installed: {', '.join(missing)}; scripts/requirements.txt lists them")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


class Scripts:
    def __init__(self, directory):
        self.directory = directory
        self.home = directory / "home"

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AETHER_") and k != "PYTHONPATH"}
        return {**kept, "AETHER_HOME": str(self.home), "PYTHONPATH": str(PACKAGE), **more}

    def write(self, source):
        path = self.directory / "script.py"
        path.write_text(textwrap.dedent(source))
        return path

    def start(self, source, environment=None, python=PYTHON, arguments=(), **more):
        return subprocess.Popen(
            [python, str(self.write(source)), *arguments], env=environment or self.environment(), cwd=self.directory,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,
        )

    def run(self, source, status=0, **more):
        """Runs a script to its end; (standard output, standard error)."""
        process = self.start(source, **more)
        out, err = process.communicate(timeout=540)
        assert process.returncode == status, f"status {process.returncode}\n{out}\n{err}"
        return out, err

    def only_run(self):
        from reading import only_run

        return only_run(self.home)

    def supervised(self):
        """A run's directory as `aether run` makes it, and the environment that it hands on."""
        directory = self.home / "runs" / "default" / "0123abcd"
        (directory / "signals").mkdir(parents=True)
        return directory, self.environment(
            AETHER_RUN_DIR=str(directory), AETHER_RUN_ID="0123abcd", AETHER_SESSION="3",
            PYTHONPATH=str(PACKAGE / "inject"),
        )

    def automatic(self, source, **more):
        """Runs a script with what `aether run` puts into its environment; the run that it leaves."""
        from reading import Run

        directory = self.home / "runs" / "default" / "0123abcd"
        environment = self.environment(
            AETHER_RUN_DIR=str(directory), AETHER_RUN_ID="0123abcd", AETHER_SESSION="0", AETHER_AUTO="1",
            PYTHONPATH=str(PACKAGE / "inject"), TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", JAX_PLATFORMS="cpu",
            OMP_NUM_THREADS="1", WANDB_MODE="offline", WANDB_SILENT="true", HF_HUB_OFFLINE="1",
        )
        (directory / "signals").mkdir(parents=True, exist_ok=True)
        environment.update(more.pop("environment", {}))
        self.output = self.run(source, environment=environment, python=sys.executable, **more)
        run = Run(directory)
        assert not [e for e in run.events if e["kind"] == "auto_failed"], run.events
        return run


@pytest.fixture
def scripts(tmp_path):
    return Scripts(tmp_path)
