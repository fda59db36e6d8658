"""`wandb.log`: what a program sends to Weights & Biases, at the steps that it has there."""

from typing import Any, Dict, Optional

from . import session
from .session import guarded, hushed, quiet

_runs = session.Numbered("run")
_configs: Dict[str, Dict[str, Any]] = {}


def attach(module: Any) -> None:
    session.wrap(module.Run, "log", _around_log)
    session.wrap(module.Run, "finish", _around_finish)


def _around_log(original: Any, self: Any, data: Any, step: Optional[int] = None, *args: Any, **kwargs: Any) -> Any:
    if not quiet.writers:
        _log(self, data, step)
    with hushed("writers"):
        return original(self, data, step, *args, **kwargs)


@guarded
def _log(wandb_run: Any, data: Any, step: Optional[int]) -> None:
    if not hasattr(data, "items"):
        return
    prefix = _runs.begin(wandb_run)
    _say_config(wandb_run, prefix)
    at = int(wandb_run.step if step is None else step)
    row: Dict[str, Any] = {}
    for name, value in data.items():
        kind = type(value).__name__
        if type(value).__module__.startswith("wandb"):
            _media(kind, session.name(name, prefix), value, at)
        elif isinstance(value, (list, tuple)):
            for number, item in enumerate(value):
                if type(item).__module__.startswith("wandb"):
                    _media(type(item).__name__, session.name(f"{name}/{number}", prefix), item, at)
        else:
            row[name] = value
    session.log(at, row, prefix)


def _media(kind: str, name: str, value: Any, step: int) -> None:
    run = session.run()
    if run is None:
        return
    if kind == "Image" and getattr(value, "image", None) is not None:
        run.log_image(name, value.image, caption=getattr(value, "_caption", None) or "", step=step)
    elif kind == "Histogram":
        run.log_histogram(name, (value.histogram, value.bins), bins=0, step=step)


def _around_finish(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    if not quiet.writers:
        guarded(_say_config)(self, _runs.begin(self))
    return original(self, *args, **kwargs)


def _say_config(wandb_run: Any, prefix: str) -> None:
    said = _configs.setdefault(prefix, {})
    new = {k: v for k, v in dict(wandb_run.config).items() if not k.startswith("_") and said.get(k, said) != v}
    if new:
        said.update(new)
        session.config(new, prefix)
