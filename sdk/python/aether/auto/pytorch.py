"""Plain PyTorch loops: the loss at `backward`; learning rate, gradient norm and time at each optimizer's `step`.

Nothing waits for a device: what lies on one is copied behind the work that makes it and read later. Of the
first steps many are looked at, for a training may be over in a second; once that has taken its time, one only every so
many, by what looking cost the last time, so that it takes about a thousandth of the whole."""

import atexit
import sys
import time
import weakref
from typing import Any, Callable, Dict, Iterator, List, Optional

from . import session
from .session import guarded, quiet

#: The share of a step's time that looking at it may take, and writing down what was seen.
_SHARE = 0.001
#: Nanoseconds for the first steps: after so many, an eighth of that many pass until the next look.
_BEGINNING = 20_000_000
#: Backward passes without any optimizer, from which on the program updates by itself and each of them is a step.
_ALONE = 64

_clock = time.perf_counter_ns
#: For our own cost: another program's turn on the processor is none of it.
_work = getattr(time, "thread_time_ns", time.perf_counter_ns)


class _Loop:
    """What is known of one optimizer."""

    __slots__ = ("prefix", "first", "step", "last", "spent", "stride", "next", "due", "norm_stride", "norm_next", "since", "time", "mark")

    def __init__(self, number: int, step: int, time: Callable[[], int]) -> None:
        self.prefix = f"torch/{number}/" if number > 1 else "torch/"
        self.first = self.step = step  # optimizer steps made
        self.last = 0  # when the last step that was looked at ended
        self.since = step  # and which it was
        self.spent = 0  # what looking has cost
        self.time, self.mark = time, 0  # by which time our share is reckoned, and what it was then
        self.stride, self.next = 1, step + 1
        self.due = self.next  # before this step there is nothing to do but to count
        self.norm_stride, self.norm_next = 1, step + 1


_loops: "weakref.WeakKeyDictionary[Any, _Loop]" = weakref.WeakKeyDictionary()
_last: Callable[[], Any] = lambda: None  # a weak reference to the optimizer that stepped last
_its: Any = None  # and its loop
_count = 0
_losses: List[Any] = []  # detached, since the last step
_looking = True  # whether the losses of now belong to a step that is looked at
_alone = 0  # backward passes, while no optimizer has stepped
_clipped: Optional[Any] = None  # the norm that clipping has found
_norm: Optional[Any] = None
_spent = 0  # nanoseconds of our own, for the step that is looked at
_scaled: Dict[int, Any] = {}  # by identity: a reference to what a GradScaler made, and the loss that it made it of
_torch: Any = None


def attach(torch: Any) -> None:
    global _torch
    _torch = torch
    original = torch.autograd.backward

    # By hand, for it stands in every step.
    def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
        if _looking and not quiet.torch:
            _note_loss(tensors)
        return original(tensors, *args, **kwargs)

    backward.__doc__, backward.__wrapped__ = original.__doc__, original  # type: ignore[attr-defined]
    torch.autograd.backward = backward
    # By their names: `torch.optim` keeps some of its modules from its own.
    optimizers = sys.modules["torch.optim.optimizer"]
    optimizers.register_optimizer_step_pre_hook(_before_step)  # type: ignore[attr-defined]
    optimizers.register_optimizer_step_post_hook(_after_step)  # type: ignore[attr-defined]
    session.wrap(torch.nn.utils, "clip_grad_norm_", _around_clip)
    sys.modules["torch.nn.utils.clip_grad"].clip_grad_norm_ = torch.nn.utils.clip_grad_norm_  # type: ignore[attr-defined]
    session.wrap(torch.amp.GradScaler, "scale", _around_scale)
    atexit.register(_at_end)


def in_every_step() -> Iterator[Callable[..., Any]]:
    """What of ours PyTorch calls whether a step is looked at or not."""
    yield from (_before_step, _after_step, _torch.autograd.backward)


def steps() -> int:
    """How many steps the first optimizer has made."""
    return next((loop.step for loop in _loops.values()), 0)


@guarded
def _note_loss(tensors: Any) -> None:
    global _spent, _alone
    start = _work()
    loss = tensors
    if not isinstance(loss, _torch.Tensor):
        loss = tensors[0] if isinstance(tensors, (list, tuple)) and len(tensors) == 1 else None
    if not isinstance(loss, _torch.Tensor) or loss.numel() != 1:
        return
    if _scaled:
        made, of = _scaled.get(id(loss), (None, None))
        loss = of if made is not None and made() is loss else loss
    _losses.append(loss.detach())
    if not _loops:
        _alone += 1
        if len(_losses) >= _ALONE or _alone > _ALONE:
            _say_alone()
    elif len(_losses) > 4096:  # accumulated without an end, or the steps are no optimizer's any more
        del _losses[:-1]
    _spent += _work() - start


def _say_alone() -> None:
    """Each backward pass since the last time is a step."""
    first = _alone - len(_losses) + 1
    for number, loss in enumerate(_losses):
        session.log(first + number, {"torch/loss": loss})
    _losses.clear()


@guarded
def _at_end() -> None:
    if not _loops and _losses:
        _say_alone()


def _around_scale(original: Any, self: Any, outputs: Any) -> Any:
    """What a `GradScaler` makes of a loss stands for that loss."""
    scaled = original(self, outputs)
    if isinstance(outputs, _torch.Tensor) and scaled is not outputs:
        _scaled.clear()
        _scaled[id(scaled)] = weakref.ref(scaled), outputs.detach()
    return scaled


def _around_clip(original: Any, *args: Any, **kwargs: Any) -> Any:
    """Clipping computes the norm anyway, before it clips."""
    global _clipped
    norm = original(*args, **kwargs)
    if not quiet.torch:
        _clipped = norm
    return norm


def _before_step(optimizer: Any, args: Any, kwargs: Any) -> None:
    if not _looking or quiet.torch:
        return
    loop = _loops.get(optimizer)
    if loop is not None and loop.step + 1 >= loop.norm_next and _clipped is None:
        _measure_norm(optimizer, loop)


@guarded
def _measure_norm(optimizer: Any, loop: _Loop) -> None:
    """The gradients' norm as the optimizer sees them."""
    global _norm
    start = _work()
    grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    # A sharded gradient's norm would be a talk among ranks, which not all of them may have at the same step.
    plain = all(type(g) is _torch.Tensor and g.layout == _torch.strided for g in grads)
    if not grads or not plain or hasattr(optimizer, "grad_scale") or len({g.device for g in grads}) > 1:
        loop.norm_next = loop.step + 1000
        return
    with _torch.no_grad():
        _norm = _torch.linalg.vector_norm(_torch.stack(_torch._foreach_norm(grads)))
    # It has a budget of its own, half of the other: large models would see their losses rarely for its sake.
    spent = _work() - start
    stride = loop.norm_stride
    if loop.last and loop.spent >= _BEGINNING:
        each = (loop.time() - loop.mark) / (loop.step + 1 - loop.since)
        stride = _tempered(int(spent / (_SHARE / 2 * max(each, 1.0))) + 1, stride)
    if grads[0].device.type != "cpu":  # the device's own time for it is not seen here
        stride = max(stride, 10)
    loop.norm_stride = stride
    loop.norm_next = loop.step + 1 + loop.norm_stride


def _tempered(wanted: int, before: int) -> int:
    """By what one look cost, so many steps until the next: no unusually dear one, as the first is, keeps us away for long,
    and no cheap one has us look at each step at once."""
    return max(min(wanted, 4 * before, 1000), before // 2, 1)


def _after_step(optimizer: Any, args: Any, kwargs: Any) -> None:
    if _last() is optimizer:
        _its.step += 1
        if _its.step >= _its.due:
            _mind(optimizer, _its)
    elif not quiet.torch:
        loop = _loops.get(optimizer) or _new_loop(optimizer)
        if loop is not None:
            loop.step += 1
            _mind(optimizer, loop)


@guarded
def _mind(optimizer: Any, loop: _Loop) -> None:
    """A step that is looked at, or the one before."""
    global _last, _its, _looking
    if quiet.torch:
        return
    _last, _its = weakref.ref(optimizer), loop
    if loop.step >= loop.next:
        _look(optimizer, loop)
    # The losses from now on are those of the next step, whichever optimizer makes it.
    _looking = loop.step + 1 >= loop.next or len(_loops) > 1
    loop.due = loop.step + 1 if _looking else loop.next - 1


@guarded
def _new_loop(optimizer: Any) -> _Loop:
    global _count
    _count += 1
    made = 0
    # A training that was taken up again: the optimizer's state remembers how many steps it has made.
    for state in optimizer.state.values():
        step = state.get("step") if isinstance(state, dict) else None
        if isinstance(step, int) or (isinstance(step, _torch.Tensor) and step.device.type == "cpu"):
            made = max(int(step) - 1, 0)  # this step is among them
        break
    # A processor's step costs what it works: among others it is longer by the clock, and our look would be too. A device
    # works while this thread waits, so its step is as long as the clock says.
    on_device = any(p.device.type != "cpu" for group in optimizer.param_groups for p in group["params"][:1])
    loop = _loops[optimizer] = _Loop(_count, made, _clock if on_device else _work)
    if _count == 1:
        session.config({"optimizer": type(optimizer).__name__})
    return loop


@guarded
def _look(optimizer: Any, loop: _Loop) -> None:
    """Says what is known of the step that was just made."""
    global _clipped, _norm, _spent
    began, start = _work(), _clock()
    p = loop.prefix
    row: Dict[str, Any] = {}
    if _losses:
        # Several since the last step: parts of one batch, whose mean it is.
        row[p + "loss"] = _losses[0] if len(_losses) == 1 else _torch.stack([x.float().reshape(()) for x in _losses]).mean()
    groups = optimizer.param_groups
    row[p + "learning_rate"] = groups[0].get("lr", 0.0)
    for number in range(1, len(groups) if len(groups) <= 8 else 1):
        row[f"{p}learning_rate/{number}"] = groups[number].get("lr", 0.0)
    norm = _norm if _clipped is None else _clipped
    if norm is not None:
        row[p + "grad_norm"] = norm
    if loop.last:
        row[p + "step_time"] = (start - loop.last) / (loop.step - loop.since) / 1e9
        each = (loop.time() - loop.mark) / (loop.step - loop.since)
    session.log(loop.step, row)
    _losses.clear()
    _clipped = _norm = None
    if loop.last:
        cost = _spent + _work() - began + session.writing_cost()
        loop.spent += cost
        if loop.spent < _BEGINNING:
            loop.stride = max((loop.step - loop.first) // 8, 1)
        else:
            loop.stride = _tempered(int(cost / (_SHARE * max(each, 1.0))), loop.stride)
    _spent = 0
    loop.last, loop.mark, loop.since = _clock(), loop.time(), loop.step
    loop.next = loop.step + loop.stride
