"""Lightning: whatever it hands to its loggers, whether there are any, at the steps that it hands them at."""

import weakref
from typing import Any, Optional

from . import session
from .session import guarded, hushed

_fits = session.Numbered("fit")
_goals: "weakref.WeakKeyDictionary[Any, float]" = weakref.WeakKeyDictionary()


def attach(module: Any) -> None:
    trainer = module.Trainer
    session.wrap(trainer, "fit", _around_fit)
    session.wrap(module, "_log_hyperparams", _around_log_hyperparams)
    session.wrap(module._LoggerConnector, "log_metrics", _around_log_metrics)


def _around_fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    _begin(self, args[0] if args else kwargs.get("model"))
    # The loop below is PyTorch's, but what it is worth saying of it the module says itself.
    with hushed("torch"):
        return original(self, *args, **kwargs)


@guarded
def _begin(trainer: Any, model: Any) -> None:
    prefix = _fits.begin(trainer)
    hparams = dict(getattr(model, "hparams", None) or {})
    hparams.update({"max_epochs": trainer.max_epochs, "precision": trainer.precision})
    session.config(hparams, prefix)


def _around_log_hyperparams(original: Any, *args: Any, **kwargs: Any) -> Any:
    with hushed("writers"):  # TensorBoard's logger writes a metric of its own beside them
        return original(*args, **kwargs)


def _around_log_metrics(original: Any, self: Any, metrics: Any, step: Optional[int] = None) -> Any:
    _log(self.trainer, metrics, step)
    with hushed("writers"):  # its loggers write the same to TensorBoard or W&B
        return original(self, metrics, step)


@guarded
def _say_goal(trainer: Any) -> None:
    """The number of its steps is known once it has its data, as it has when it logs."""
    goal = trainer.estimated_stepping_batches
    if goal != _goals.get(trainer) and goal != float("inf"):
        _goals[trainer] = goal
        session.goal(int(goal), "Trainer")


@guarded
def _log(trainer: Any, metrics: Any, step: Optional[int]) -> None:
    if not metrics or trainer.sanity_checking or getattr(trainer, "fast_dev_run", False):
        return
    row = dict(metrics)
    given = row.pop("step", None)
    if step is None:
        step = int(given) if given is not None else trainer.fit_loop.epoch_loop._batches_that_stepped
    row.setdefault("epoch", trainer.current_epoch)
    session.log(step, row, _fits.of(trainer))
    if trainer.training and trainer not in _goals:
        _say_goal(trainer)
