"""Hugging Face's Trainer: what it tells its callbacks, at its global step, under the names that it gives TensorBoard."""

from typing import Any

from . import session
from .session import guarded, hushed

_fits = session.Numbered("fit")


def attach(module: Any) -> None:
    session.wrap(module.Trainer, "train", _around_train)
    session.wrap(module.CallbackHandler, "on_train_begin", _around_train_begin)
    session.wrap(module.CallbackHandler, "on_log", _around_log)


def _around_train(original: Any, *args: Any, **kwargs: Any) -> Any:
    with hushed("torch"):
        return original(*args, **kwargs)


def _around_train_begin(original: Any, self: Any, args: Any, state: Any, *more: Any, **kwargs: Any) -> Any:
    _begin(self, args, state)
    with hushed("writers"):
        return original(self, args, state, *more, **kwargs)


@guarded
def _begin(handler: Any, args: Any, state: Any) -> None:
    prefix = _fits.begin(handler)
    if state.is_world_process_zero:
        session.config(args.to_sanitized_dict(), prefix)
        # What the arguments say is -1 where they count in epochs.
        session.goal(state.max_steps, "Trainer")


def _around_log(original: Any, self: Any, args: Any, state: Any, control: Any, logs: Any, **kwargs: Any) -> Any:
    _log(self, state, logs)
    with hushed("writers"):  # its callbacks for TensorBoard and W&B write the same
        return original(self, args, state, control, logs, **kwargs)


@guarded
def _log(handler: Any, state: Any, logs: Any) -> None:
    if not state.is_world_process_zero:
        return
    row, final = {}, {}
    for name, value in logs.items():
        if name.startswith("train_"):  # said once, at the end: the whole training's
            final[name] = value
        elif name.startswith("eval_"):
            row["eval/" + name[5:]] = value
        elif name.startswith("test_"):
            row["test/" + name[5:]] = value
        else:
            row["train/" + name] = value
    prefix = _fits.of(handler)
    session.log(state.global_step, row, prefix)
    session.summary(final, prefix)
