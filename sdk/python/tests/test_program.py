"""What the client wrote, read by the program itself: AETHER_BIN, else the one that cargo built."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PACKAGE

ROOT = PACKAGE.parent.parent


@pytest.fixture
def aether(scripts):
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    places = [os.environ.get("AETHER_BIN"), target / "debug" / "aether", target / "release" / "aether"]
    binary = next((str(place) for place in places if place and shutil.which(str(place))), None)
    if binary is None:
        assert os.environ.get("CI") != "true", "cargo built no aether"
        pytest.skip("no aether; build it with `cargo build -p aether`, or name it in AETHER_BIN")

    def call(*arguments, status=0):
        done = subprocess.run([binary, *map(str, arguments)], env=scripts.environment(), capture_output=True, text=True)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    return call


def test_the_program_reads_what_a_script_said(scripts, aether):
    scripts.run("""
        import aether
        aether.init(project="p", name="n", tags=["a"], config={"lr": 0.125})
        for i in range(1000):
            aether.log({"loss": i / 8, "b\\nad": float("nan"), "all": float("-inf")})
        aether.log({f"wide{i}": i for i in range(5000)}, step=7)
        aether.summary(best=0.25)
        aether.log_text("t", "a text")
    """)
    said = [json.loads(line) for line in aether("logs", "@latest", "--points", "--json").splitlines()]
    points = [(s["metric"], s["step"], s["value"]) for s in said if "metric" in s]
    assert [(step, value) for name, step, value in points if name == "loss"] == [(i, i / 8) for i in range(1000)]
    assert [(step, value) for name, step, value in points if name == "wide4999"] == [(7, 4999)]
    assert {str(value) for name, _, value in points if name == "b\nad"} == {"NaN"}
    assert {str(value) for name, _, value in points if name == "all"} == {"-inf"}
    assert len(points) == 8000
    assert [s["fields"] for s in said if s.get("kind") == "text"] == [{"name": "t", "text": "a text"}]
    (run,) = json.loads("[" + ",".join(aether("runs", "--json").split("\n")[:-1]) + "]")
    assert (run["name"], run["project"], run["tags"]) == ("n", "p", ["a"])


def test_under_aether_run(scripts, aether):
    """The whole way: `aether run` offers the package, and the script's own words and what it never said are one run."""
    if "run" not in subprocess_verbs(aether):
        pytest.skip("this aether has no `run`")
    script = scripts.write("""
        import aether
        for i in range(100):
            aether.log({"mine": i})
        from torch import nn, optim, ones
        w = nn.Parameter(ones(1)); o = optim.SGD([w], lr=0.5)
        for i in range(5):
            (w * 2).sum().backward(); o.step()
    """)
    aether("run", "--name", "whole", "--", sys.executable, script)
    said = [json.loads(line) for line in aether("logs", "@latest", "--events", "--points", "--json").splitlines()]
    names = {s["metric"] for s in said if "metric" in s}
    assert {"mine", "torch/loss", "torch/learning_rate"} <= names
    assert [s["value"] for s in said if s.get("metric") == "mine"] == list(range(100))
    assert [s for s in said if s.get("kind") == "auto_failed"] == []


def subprocess_verbs(aether):
    return {line.split()[0] for line in aether("--help").splitlines() if line.startswith("  ") and line.split()}
