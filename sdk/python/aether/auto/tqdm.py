"""tqdm: from how far the outermost bar has come, and how many steps were made meanwhile, how many there will be.

Programs put bars around all kinds of loops, so a bar counts only if steps are made while it moves, and only the first
such bar: of a bar anew for each epoch it is known where the epoch ends, and not more."""

import sys
import weakref
from typing import Any, Optional

from . import session
from .session import guarded, quiet

#: So many steps must have been made, and such a part of the bar, before anything is said of it; and the part at which
#: what was said is looked at again.
_STEPS, _PART, _AGAIN = 20, 0.02, 0.25
#: What is off by less than this is not said again.
_NEAR = 0.05


class _Begun:
    """Where a bar and the steps stood when it was seen first, and what was said of its end."""

    __slots__ = ("n", "step", "said", "done")

    def __init__(self, n: float, step: int) -> None:
        self.n, self.step = n, step
        self.said: Optional[int] = None
        self.done = False


_bars: "weakref.WeakKeyDictionary[Any, _Begun]" = weakref.WeakKeyDictionary()
_chosen: Optional["weakref.ref[Any]"] = None


def attach(module: Any) -> None:
    # What a bar calls when it draws itself: ten times a second at most, unless the program asks for more.
    session.wrap(module.tqdm, "refresh", _around_refresh)


def _around_refresh(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    result = original(self, *args, **kwargs)
    # Libraries whose trainings tell their own goals draw bars too.
    if self.total and not quiet.torch and not getattr(self, "pos", 0) and (_chosen is None or _chosen() is self):
        _look(self)
    return result


def _step() -> int:
    """The last step that was made: by PyTorch's first optimizer, else said."""
    pytorch = sys.modules.get(f"{__package__}.pytorch")
    made = pytorch.steps() if pytorch is not None else 0
    run = None if made else session.run()
    return made if run is None else run.step


@guarded
def _look(bar: Any) -> None:
    global _chosen
    begun = _bars.get(bar)
    if begun is None:
        # Not at its beginning: what a program says of a step, it says before it moves the bar.
        if bar.n:
            _bars[bar] = _Begun(bar.n, _step())
        return
    if begun.done:
        return
    moved, part = bar.n - begun.n, bar.n / bar.total
    if moved <= 0 or part < (_PART if begun.said is None else _AGAIN):
        return
    made = _step() - begun.step
    if made < _STEPS:
        return
    each = made / moved
    goal = begun.step + made + round((bar.total - bar.n) * each)
    begun.done = begun.said is not None
    if begun.said is None or abs(goal - begun.said) > _NEAR * begun.said:
        begun.said, _chosen = goal, weakref.ref(bar)
        session.goal(goal, "tqdm")
