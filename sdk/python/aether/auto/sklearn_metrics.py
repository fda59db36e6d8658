"""`sklearn.metrics`: the numbers that a program computes of its predictions, by their function's name. The first is
step 1, and so on."""

import inspect
from typing import Any, Dict

from . import session
from .session import guarded, hushed, quiet

_calls: Dict[str, int] = {}


def attach(module: Any) -> None:
    for name in module.__all__:
        function = getattr(module, name, None)
        if inspect.isfunction(function) and name.endswith(("_score", "_error", "_loss", "_coef", "_corrcoef", "_deviance")):
            session.wrap(module, name, _around_metric)


def _around_metric(original: Any, *args: Any, **kwargs: Any) -> Any:
    with hushed("estimators"):
        value = original(*args, **kwargs)
    if not quiet.estimators:
        _say(original.__name__, value)
    return value


@guarded
def _say(name: str, value: Any) -> None:
    if getattr(value, "ndim", 0) != 0 or isinstance(value, (tuple, list, dict)):
        return
    number = _calls[name] = _calls.get(name, 0) + 1
    session.log(number, {f"metrics/{name}": float(value)})
