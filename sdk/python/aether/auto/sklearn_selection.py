"""Cross-validation: each fold's scores and times, the folds being the steps, and their mean and deviation."""

from typing import Any, Dict

from . import session
from .session import guarded, hushed, quiet

_calls: Dict[str, int] = {}


def attach(module: Any) -> None:
    validation = module._validation
    session.wrap(validation, "cross_validate", _around)
    session.wrap(validation, "cross_val_score", _around)
    for name in ("cross_validate", "cross_val_score"):
        setattr(module, name, getattr(validation, name))


def _around(original: Any, estimator: Any, *args: Any, **kwargs: Any) -> Any:
    with hushed("estimators", "boosters"):
        result = original(estimator, *args, **kwargs)
    if not quiet.estimators:
        _say(estimator, result)
    return result


@guarded
def _say(estimator: Any, result: Any) -> None:
    name = type(estimator).__name__
    number = _calls[name] = _calls.get(name, 0) + 1
    prefix = f"{name}/cv/" if number == 1 else f"{name}/cv/{number}/"
    columns = result if isinstance(result, dict) else {"test_score": result}
    numbers = {c: [float(v) for v in values] for c, values in columns.items()
               if c.endswith("_time") or c.startswith(("test_", "train_"))}
    for fold in range(max(map(len, numbers.values()), default=0)):
        session.log(fold + 1, {prefix + column: values[fold] for column, values in numbers.items()})
    for column, values in numbers.items():
        mean = sum(values) / len(values)
        deviation = (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5
        session.summary({f"{prefix}{column}/mean": mean, f"{prefix}{column}/std": deviation})
