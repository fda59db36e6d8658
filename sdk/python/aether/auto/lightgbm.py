"""LightGBM, its scikit-learn estimators too: what it evaluates at each iteration."""

import sys
from typing import Any, Dict

from . import boosting, session
from .session import guarded


def attach(lightgbm: Any) -> None:
    around = boosting.around_train("lightgbm", _with_callback)
    session.wrap(lightgbm.engine, "train", around)
    lightgbm.train = lightgbm.engine.train
    if "lightgbm.sklearn" in sys.modules:
        sys.modules["lightgbm.sklearn"].train = lightgbm.engine.train  # type: ignore[attr-defined]


def _with_callback(kwargs: Dict[str, Any], prefix: str, rounds: int) -> None:
    def said(env: Any) -> None:
        _say(env, prefix, rounds)

    said.order = 5  # type: ignore[attr-defined]  # before early stopping, which ends an iteration by raising
    kwargs["callbacks"] = [*(kwargs.get("callbacks") or []), said]


@guarded
def _say(env: Any, prefix: str, rounds: int) -> None:
    if env.iteration == env.begin_iteration:  # which is not 0 where it goes on with a model
        session.goal(env.begin_iteration + rounds, "LightGBM")
    session.log(env.iteration + 1, {f"{prefix}{entry[0]}/{entry[1]}": entry[2] for entry in env.evaluation_result_list or []})
