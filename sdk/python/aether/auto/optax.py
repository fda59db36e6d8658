"""optax: which optimizers a program makes, with their plain parameters. They are numbered; the first stands plain."""

import inspect
from typing import Any, Dict

from . import session
from .session import guarded

_NAMES = (
    "adabelief", "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamaxw", "adamw", "adan", "amsgrad", "fromage",
    "lamb", "lars", "lbfgs", "lion", "nadam", "nadamw", "noisy_sgd", "novograd", "optimistic_gradient_descent", "radam",
    "rmsprop", "rprop", "sgd", "sm3", "yogi",
)

_count = 0
_inside = False


def attach(optax: Any) -> None:
    for name in _NAMES:
        if callable(getattr(optax, name, None)):
            session.wrap(optax, name, _around)


def _around(original: Any, *args: Any, **kwargs: Any) -> Any:
    global _inside
    if _inside:  # one optimizer made of another
        return original(*args, **kwargs)
    _inside = True
    try:
        made = original(*args, **kwargs)
    finally:
        _inside = False
    _say(original, args, kwargs)
    return made


@guarded
def _say(function: Any, args: Any, kwargs: Any) -> None:
    global _count
    _count += 1
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    known: Dict[str, Any] = {"name": function.__name__}
    for name, value in bound.arguments.items():
        if isinstance(value, (bool, int, float, str)):
            known[name] = value
        elif callable(value):
            known[name] = getattr(value, "__qualname__", type(value).__name__)
    session.config(known, "optimizer/" if _count == 1 else f"optimizer/{_count}/")
