"""Aether's client: what a program says about its run, kept in the ledger's files with the standard library alone.

    import aether

    aether.init(project="digits", config={"lr": 1e-3})
    for step in range(1000):
        aether.log({"loss": loss})

Under `aether run` everything goes to the run that it supervises, else to a run of its own.
"""

import os
import sys
import threading
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from . import home as _home
from .run import PathLike, Run, Values

__all__ = [
    "Run", "add_tags", "alert", "config", "event", "finish", "flush", "init", "log", "log_artifact",
    "log_histogram", "log_image", "log_text", "run", "summary", "use_artifact",
]
__version__ = "0.1.0"

#: Tells this package from others of the same name.
CLIENT = 1

_current: Optional[Run] = None
_joined = False
_lock = threading.RLock()


def init(
    project: Optional[str] = None,
    name: Optional[str] = None,
    tags: Sequence[str] = (),
    config: Optional[Mapping[str, Any]] = None,
    dir: Optional[PathLike] = None,
) -> Run:
    """Begins a run, or takes up the one that `aether run` began, or returns the one that is open.

    `dir` is the home in place of `$AETHER_HOME`; like `project` it counts only for a run of the program's own. A run
    that begins after the supervised one was finished is one of its own.
    """
    global _current, _joined
    if isinstance(tags, str):
        tags = [tags]
    with _lock:
        if _current is None or _current._finished:
            _current = _begin(project, name, tags, dir)
        elif tags:
            _current.add_tags(*tags)
        if config:
            _current.config(config)
        return _current


def _begin(project: Optional[str], name: Optional[str], tags: Sequence[str], dir: Optional[PathLike]) -> Run:
    global _joined
    supervised = os.environ.get("AETHER_RUN_DIR")
    if supervised and not _joined:
        _joined = True
        directory = Path(supervised)
        try:
            session = int(os.environ.get("AETHER_SESSION", "0"))
        except ValueError:
            session = 0
        root = Path(os.environ["AETHER_HOME"]) if os.environ.get("AETHER_HOME") else directory.parent.parent.parent
        run = Run(directory.parent.name, name, (), directory, root, session)
        run.add_tags(*tags)
        if name:
            run.event("name", name, {"name": name})
        return run
    home = Path(dir) if dir is not None else _home.locate()
    if not project:
        project = Path(supervised).parent.name if supervised else "default"
    return Run(_home.check_project(project), name, [str(tag) for tag in tags], None, home)


def run() -> Run:
    """The run that is open; begins one if there is none."""
    return _current if _current is not None and not _current._finished else init()


def _for_auto() -> Optional[Run]:
    """The run that automatic logging speaks of: none once the program has finished it."""
    if _current is None:
        return init()
    return None if _current._finished else _current


def log(metrics: Mapping[str, Any], step: Optional[int] = None) -> None:
    (_current or init()).log(metrics, step)


def config(values: Optional[Mapping[str, Any]] = None, **more: Any) -> Values:
    """The run's parameters; those given are added."""
    return run().config(values, **more)


def summary(values: Optional[Mapping[str, Any]] = None, **more: Any) -> Values:
    """What stands for metrics in tables; values given are added."""
    return run().summary(values, **more)


def event(
    kind: str,
    message: str = "",
    fields: Optional[Mapping[str, Any]] = None,
    level: str = "info",
    step: Optional[int] = None,
) -> None:
    run().event(kind, message, fields, level, step)


def alert(title: str, text: str = "", level: str = "warning", step: Optional[int] = None) -> None:
    run().alert(title, text, level, step)


def add_tags(*tags: str) -> None:
    run().add_tags(*tags)


def log_text(name: str, text: str, step: Optional[int] = None) -> None:
    run().log_text(name, text, step)


def log_histogram(name: str, values: Any, bins: int = 64, step: Optional[int] = None) -> None:
    run().log_histogram(name, values, bins, step)


def log_image(name: str, image: Any, caption: str = "", step: Optional[int] = None) -> None:
    run().log_image(name, image, caption, step)


def log_artifact(path: PathLike, name: Optional[str] = None, kind: str = "file") -> Optional[str]:
    return run().log_artifact(path, name, kind)


def use_artifact(artifact: PathLike, name: Optional[str] = None, kind: str = "file") -> Optional[Path]:
    return run().use_artifact(artifact, name, kind)


def flush() -> None:
    """Returns when everything said until now is on the disk."""
    if _current is not None:
        _current.flush()


def finish(state: str = "done", reason: Optional[str] = None) -> None:
    """Ends the run that is open, if there is one."""
    if _current is not None:
        _current.finish(state, reason)


for _function in ("log", "event", "alert", "add_tags", "log_text", "log_histogram", "log_image", "log_artifact", "use_artifact"):
    globals()[_function].__doc__ = getattr(Run, _function).__doc__
del _function
