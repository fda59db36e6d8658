"""The other dashboards: how each is given its points, started, and seen to have drawn its charts."""

import json
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import process
from .setting import PEERS
from .view_browser import free_port, server


#: Beside the others' Python, outside the clone.
CACHE = Path.home() / ".cache" / "aether" / "bench-view"


@dataclass
class Peer:
    """A dashboard over the points that `bench/peers/view_NAME.py` wrote."""

    name: str
    title: str
    python: Path
    #: Holds in the page once ten charts have their lines.
    drawn: str

    def fill(self, points, series):
        """Writes one run, unless that was done before, as some take minutes: where it is, and what the page needs to know
        of it."""
        directory = CACHE / f"{self.name}-{points}x{series}"
        done = directory / "filled.json"
        if not done.exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            filled = process.result_of([self.python, PEERS / f"view_{self.name}.py", directory, str(points), str(series)])
            done.write_text(json.dumps(filled))
        return directory, json.loads(done.read_text())

    @contextmanager
    def serve(self, directory, filled):
        """Its own server; the address of the page with the run's charts."""
        port = free_port()
        bin_ = self.python.parent
        commands = {
            "tensorboard": [bin_ / "tensorboard", "--logdir", directory, "--port", port],
            "mlflow": [
                bin_ / "mlflow", "server", "--backend-store-uri", f"sqlite:///{directory}/mlflow.db", "--port", port,
                "--workers", 1, "--default-artifact-root", directory,
            ],
            "trackio": [
                self.python, "-c",
                f"import trackio, time; trackio.show(project='bench', open_browser=False, server_port={port}); time.sleep(1e6)",
            ],
            "aim": [bin_ / "aim", "up", "--repo", directory, "--port", port, "--host", "127.0.0.1"],
        }
        paths = {
            "tensorboard": "/#timeseries",
            "mlflow": "/#/experiments/{experiment}/runs/{run}/model-metrics",
            "trackio": "/metrics?project=bench",
            "aim": "/runs/{run}/metrics",
        }
        env = {"TRACKIO_DIR": str(directory), "MLFLOW_DISABLE_TELEMETRY": "true", "GRADIO_ANALYTICS_ENABLED": "False"}
        with server(commands[self.name], env, port):
            yield f"http://127.0.0.1:{port}" + paths[self.name].format(**filled)


#: Lines of charts as each page makes them.
DRAWN = {
    "tensorboard": "document.querySelectorAll('scalar-card line-chart canvas').length >= 10 && !document.querySelector('scalar-card mat-spinner')",
    "mlflow": "document.querySelectorAll('.js-plotly-plot path.js-line').length >= 10",
    "trackio": "document.querySelectorAll('canvas, svg.marks, .vega-embed').length >= 10",
    "aim": "document.querySelectorAll('svg path.Line').length >= 10",
}
TITLES = {"tensorboard": "TensorBoard", "mlflow": "MLflow", "trackio": "trackio", "aim": "aim"}


def peers(setting):
    """Those that could be installed."""
    pythons = {name: setting.python for name in TITLES if name != "aim"}
    if aim := setting.python_with("aim"):
        pythons["aim"] = aim
    return [Peer(name, TITLES[name], python, DRAWN[name]) for name, python in pythons.items() if _is_there(python, name)]


def _is_there(python, package):
    return subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode == 0
