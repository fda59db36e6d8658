"""scikit-learn: each fit's parameters, time and what it learned on its way; what searches and `score` find.

Fits are numbered by their estimator's class: the first is step 1. What a fit calls itself, such as the fits inside a
search or a pipeline, belongs to it and is not said."""

import time
from typing import Any, Dict

from . import session
from .session import guarded, hushed, quiet

#: Fits of one class whose parameters are said.
_MAX_CONFIGS = 100

_fits: Dict[str, int] = {}
_scores: Dict[str, int] = {}


def attach(module: Any) -> None:
    original = module._fit_context

    # Every estimator's module decorates its `fit` with this when it is loaded, which is after this one.
    def _fit_context(*, prefer_skip_nested_validation: bool) -> Any:
        decorate = original(prefer_skip_nested_validation=prefer_skip_nested_validation)

        def decorator(method: Any) -> Any:
            decorated = decorate(method)
            if method.__name__ == "fit":
                holder = type("Holder", (), {"fit": decorated})
                session.wrap(holder, "fit", _around_fit)
                return holder.fit
            return decorated

        return decorator

    module._fit_context = _fit_context
    for mixin in ("ClassifierMixin", "RegressorMixin"):
        session.wrap(getattr(module, mixin), "score", _around_score)


def _around_fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    if quiet.estimators:
        return original(self, *args, **kwargs)
    start = time.perf_counter()
    with hushed("estimators", "boosters"):
        result = original(self, *args, **kwargs)
    _say_fit(self, time.perf_counter() - start)
    return result


@guarded
def _say_fit(estimator: Any, seconds: float) -> None:
    name = type(estimator).__name__
    number = _fits[name] = _fits.get(name, 0) + 1
    prefix = f"{name}/" if number == 1 else f"{name}/{number}/"
    if number <= _MAX_CONFIGS:
        session.config({k: v if isinstance(v, (bool, int, float, str, type(None))) else repr(v)[:500]
                        for k, v in estimator.get_params(deep=True).items()}, prefix)
    row: Dict[str, Any] = {f"{name}/fit_time": seconds}
    for known, said in (("best_score_", "best_score"), ("loss_", "final_loss"), ("inertia_", "inertia")):
        value = getattr(estimator, known, None)
        if isinstance(value, (int, float)):
            row[f"{name}/{said}"] = float(value)
    iterations = getattr(estimator, "n_iter_", None)
    if iterations is not None and getattr(iterations, "size", 1) == 1:
        row[f"{name}/iterations"] = float(iterations.item() if hasattr(iterations, "item") else iterations)
    session.log(number, row)
    for known, said in (("loss_curve_", "loss"), ("validation_scores_", "validation_score"), ("train_score_", "train_score")):
        curve = getattr(estimator, known, None)
        if curve is not None and getattr(curve, "ndim", 1) == 1:
            for step, value in enumerate(curve, 1):
                session.log(step, {prefix + said: float(value)})
    found = getattr(estimator, "cv_results_", None)
    if isinstance(found, dict) and "params" in found:
        _say_search(estimator, found, prefix)


def _say_search(search: Any, found: Dict[str, Any], prefix: str) -> None:
    """A search: its candidates are its steps."""
    columns = [c for c in found if c.startswith(("mean_", "std_", "split")) and not c.endswith("_time") or c == "mean_fit_time"]
    for candidate, params in enumerate(found["params"]):
        session.log(candidate + 1, {prefix + column: float(found[column][candidate]) for column in columns})
        session.say("candidate", f"{params}"[:500], {"search": prefix.rstrip("/"), "number": candidate + 1, "params": params})
    best = getattr(search, "best_params_", None)
    if best:
        session.summary({prefix + "best/" + k: v for k, v in best.items()})


def _around_score(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    with hushed("estimators"):
        result = original(self, *args, **kwargs)
    if not quiet.estimators:
        _say_score(self, result)
    return result


@guarded
def _say_score(estimator: Any, value: Any) -> None:
    name = type(estimator).__name__
    number = _scores[name] = _scores.get(name, 0) + 1
    session.log(number, {f"{name}/score": float(value)})
