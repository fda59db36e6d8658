"""XGBoost, its scikit-learn estimators too: what it evaluates at each round."""

import sys
from typing import Any, Dict

from . import boosting, session
from .session import guarded


def attach(xgboost: Any) -> None:
    around = boosting.around_train("xgboost", _with_callback)
    session.wrap(xgboost.training, "train", around)
    xgboost.train = xgboost.training.train
    if "xgboost.sklearn" in sys.modules:
        sys.modules["xgboost.sklearn"].train = xgboost.training.train  # type: ignore[attr-defined]


def _with_callback(kwargs: Dict[str, Any], prefix: str, rounds: int) -> None:
    xgboost = sys.modules["xgboost"]
    before = kwargs.get("xgb_model")
    done = 0  # rounds of the model that is gone on with; XGBoost counts from 0 again
    if before is not None:
        booster = before.get_booster() if hasattr(before, "get_booster") else before
        if not hasattr(booster, "num_boosted_rounds"):
            booster = xgboost.Booster(model_file=before)
        done = booster.num_boosted_rounds()

    class Said(xgboost.callback.TrainingCallback):  # type: ignore[name-defined,misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            _say(done + epoch + 1, evals_log, prefix)
            return False

    session.goal(done + rounds, "XGBoost")
    kwargs["callbacks"] = [*(kwargs.get("callbacks") or []), Said()]


@guarded
def _say(step: int, evals_log: Any, prefix: str) -> None:
    row = {}
    for data, metrics in evals_log.items():
        for metric, values in metrics.items():
            value = values[-1]
            row[f"{prefix}{data}/{metric}"] = value[0] if isinstance(value, tuple) else value
    session.log(step, row)
