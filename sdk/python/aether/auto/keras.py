"""Keras, on any backend: the metrics of each epoch, at the number of updates that the optimizer has made by then."""

import inspect
import sys
import time
from typing import Any, Dict, Optional

from . import session
from .session import guarded, hushed

_fits = session.Numbered("fit")


def attach(module: Any) -> None:
    session.wrap(module.Model, "fit", _around_fit)
    session.wrap(module.Model, "evaluate", _around_evaluate)


def _around_fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    changed = _with_callback(original, self, args, kwargs)
    if changed is not None:
        args, kwargs = changed
    with hushed("torch", "writers"):
        return original(self, *args, **kwargs)


@guarded
def _with_callback(fit: Any, model: Any, args: Any, kwargs: Any) -> Any:
    bound = inspect.signature(fit).bind(model, *args, **kwargs)
    callbacks = bound.arguments.get("callbacks")
    if callbacks is not None and not isinstance(callbacks, (list, tuple)):
        if hasattr(callbacks, "append") and hasattr(callbacks, "on_epoch_end"):  # a CallbackList
            callbacks.append(_callback(model, fit=True))
            return None
        callbacks = [callbacks]
    bound.arguments["callbacks"] = [*(callbacks or []), _callback(model, fit=True)]
    return bound.args[1:], bound.kwargs


def _callback(model: Any, fit: bool) -> Any:
    keras = sys.modules["keras"]
    prefix = _fits.begin(model)

    class Said(keras.callbacks.Callback):  # type: ignore[name-defined,misc]
        """Hears of epochs only, so that the batches stay on their device."""

        async_safe = True
        goal_known = False
        made: Optional[int] = None

        def on_train_begin(self, logs: Any = None) -> None:
            _say_config(self.model, self.params, prefix)

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self._began = time.perf_counter()
            if not self.goal_known:
                _say_goal(self, epoch)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            _say_epoch(self.model, epoch, logs, time.perf_counter() - self._began, prefix)

    return Said()


@guarded
def _say_config(model: Any, params: Any, prefix: str) -> None:
    known: Dict[str, Any] = {"model": model.name, "parameters": model.count_params()}
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        known.update({f"optimizer/{k}": v for k, v in optimizer.get_config().items() if isinstance(v, (int, float, str))})
    known.update({k: v for k, v in (params or {}).items() if k in ("epochs", "steps") and v is not None})
    session.config(known, prefix)


@guarded
def _say_goal(said: Any, epoch: int) -> None:
    """How many updates there will be. Of data without a length it is known when the first epoch has ended."""
    optimizer, params = getattr(said.model, "optimizer", None), said.params or {}
    if optimizer is None:
        return
    before, said.made = said.made, int(optimizer.iterations)
    steps = params.get("steps") or (said.made - before if before is not None else 0)
    if steps and params.get("epochs"):
        said.goal_known = True
        session.goal(said.made + (params["epochs"] - epoch) * steps, "Keras")


@guarded
def _say_epoch(model: Any, epoch: int, logs: Any, seconds: float, prefix: str) -> None:
    row: Dict[str, Any] = {}
    for name, value in (logs or {}).items():
        row["val/" + name[4:] if name.startswith("val_") else "train/" + name] = value
    row.update({"epoch": epoch + 1, "train/epoch_time": seconds})
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        row["train/learning_rate"] = float(optimizer.learning_rate)
        step = int(optimizer.iterations)
    else:
        step = epoch + 1
    session.log(step, row, prefix)


def _around_evaluate(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    inside = session.quiet.torch > 0  # `fit` validates through it
    with hushed("torch"):
        result = original(self, *args, **kwargs)
    if not inside:
        _say_evaluation(self, result)
    return result


@guarded
def _say_evaluation(model: Any, result: Any) -> None:
    row = dict(result) if isinstance(result, dict) else model.get_metrics_result()
    optimizer = getattr(model, "optimizer", None)
    step = int(optimizer.iterations) if optimizer is not None else 0
    session.log(step, {"test/" + name: value for name, value in row.items()}, _fits.of(model))
