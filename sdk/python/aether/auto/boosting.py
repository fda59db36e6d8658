"""What XGBoost and LightGBM have in common: trainings with parameters and a time, numbered; the first stands plain."""

import inspect
import time
from typing import Any, Callable, Dict, Optional

from . import session
from .session import guarded, quiet

_counts: Dict[str, int] = {}


@guarded
def begin(library: str, params: Any) -> Optional[str]:
    """The prefix of a training that begins; None if somebody else tells of it."""
    if quiet.boosters or quiet.estimators:
        return None
    number = _counts[library] = _counts.get(library, 0) + 1
    prefix = f"{library}/" if number == 1 else f"{library}/{number}/"
    session.config({k: v for k, v in dict(params or {}).items() if isinstance(v, (bool, int, float, str))}, prefix)
    return prefix


def around_train(library: str, with_callback: Callable[[Dict[str, Any], str, int], None]) -> Any:
    """For `session.wrap`: adds a callback, which is told the number of rounds, and tells the training's time."""

    def around(original: Any, params: Any, *args: Any, **kwargs: Any) -> Any:
        prefix = begin(library, params)
        if prefix is None:
            return original(params, *args, **kwargs)
        guarded(_add)(with_callback, prefix, original, params, args, kwargs)
        start = time.perf_counter()
        result = original(params, *args, **kwargs)
        _say_end(prefix, time.perf_counter() - start)
        return result

    return around


def _add(with_callback: Any, prefix: str, train: Any, params: Any, args: Any, kwargs: Dict[str, Any]) -> None:
    bound = inspect.signature(train).bind(params, *args, **kwargs)
    bound.apply_defaults()
    with_callback(kwargs, prefix, bound.arguments["num_boost_round"])


@guarded
def _say_end(prefix: str, seconds: float) -> None:
    session.summary({prefix + "fit_time": seconds})
