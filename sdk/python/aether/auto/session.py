"""What the libraries' files share: whom this process speaks for, who is silent now, and that nothing of ours ever
breaks a program."""

import functools
import os
import sys
import threading
import weakref
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Set

from .. import _for_auto
from ..run import Run

_pid = os.getpid()
_prefix: Optional[str] = None  # None: not known yet
_silent = False
_failures: Set[str] = set()


class _Quiet(threading.local):
    """How many times over a kind of source is to be silent on this thread, because what calls it tells the same."""

    torch = 0
    writers = 0
    estimators = 0
    boosters = 0


quiet = _Quiet()


@contextmanager
def hushed(*kinds: str) -> Iterator[None]:
    """Silences kinds of sources for a block."""
    for kind in kinds:
        setattr(quiet, kind, getattr(quiet, kind) + 1)
    try:
        yield
    finally:
        for kind in kinds:
            setattr(quiet, kind, getattr(quiet, kind) - 1)


# -- whom this process speaks for --------------------------------------------------------------------------------


def rank() -> int:
    """This process among those that train one model together."""
    torch = sys.modules.get("torch")
    distributed = getattr(torch, "distributed", None)
    try:
        if distributed is not None and distributed.is_available() and distributed.is_initialized():
            return int(distributed.get_rank())
    except Exception:
        pass
    for name in ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"):
        value = os.environ.get(name, "")
        if value.isdigit():
            return int(value)
    return 0


def _ranked() -> bool:
    names = ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS")
    if any(os.environ.get(name, "1") not in ("", "1") for name in names):
        return True
    return rank() > 0


def _worker() -> bool:
    """Whether this process does some other one's work: a data loader's, a cross-validation's."""
    process = sys.modules.get("multiprocessing.process")
    if os.getpid() != _pid or (process is not None and process.parent_process() is not None):
        return True
    return any("loky" in argument for argument in getattr(sys, "orig_argv", [])[:4])


def _begin() -> None:
    """Decides once what stands before this process's names. Rank 0 speaks plainly, the others below `rank/N/`; a
    second program of the same run below `program2/`, so that its steps hide nobody's."""
    global _prefix, _silent
    if _ranked():
        number = rank()
        _prefix = f"rank/{number}/" if number else ""
    elif _worker():
        _prefix, _silent = "", True
    else:
        number = _claim()
        _prefix = f"program{number}/" if number > 1 else ""


def _claim() -> int:
    """The how manieth program of this session this is: whoever makes the file first has the number."""
    directory = os.environ.get("AETHER_RUN_DIR")
    if not directory:
        return 1
    session = os.environ.get("AETHER_SESSION", "0")
    for number in range(1, 10_000):
        try:
            os.close(os.open(f"{directory}/signals/auto-{session}-{number}.claim", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            return number
        except FileExistsError:
            continue
        except OSError:
            return 1
    return 1


def _run() -> Optional[Run]:
    if _prefix is None:
        _begin()
    if _silent or (os.getpid() != _pid and not _ranked()):
        return None
    return _for_auto()


# -- saying ------------------------------------------------------------------------------------------------------


def log(step: int, metrics: Dict[str, Any], prefix: str = "") -> None:
    run = _run()
    if run is not None and metrics:
        prefix = f"{_prefix}{prefix}"
        run.log_at(step, {prefix + name: value for name, value in metrics.items()} if prefix else metrics)


def writing_cost() -> int:
    """Nanoseconds of a processor that it lately took to write one row down, beside the program."""
    run = _run()
    return run._writer.entry_cost if run is not None else 0


def config(values: Mapping[str, Any], prefix: str = "") -> None:
    run = _run()
    if run is not None and values and not rank():
        run.config({f"{_prefix}{prefix}{name}": value for name, value in values.items()})


def goal(steps: int, by: str) -> None:
    """Says the last step of what goes on now, as far as `by` knows it."""
    run = _run()
    if run is not None and steps > 0 and not rank():
        run.event("goal", f"{steps} steps are to be made, as {by} has it", {"total_steps": int(steps), "by": by})


def summary(values: Mapping[str, Any], prefix: str = "") -> None:
    run = _run()
    if run is not None and values and not rank():
        run.summary({f"{_prefix}{prefix}{name}": value for name, value in values.items()})


def run() -> Optional[Run]:
    """For images, texts and the like, which only the first rank says."""
    return _run() if not rank() else None


def name(text: str, prefix: str = "") -> str:
    """A name as `log` would say it."""
    return f"{_prefix or ''}{prefix}{text}"


def say(kind: str, message: str, fields: Optional[Mapping[str, Any]] = None, level: str = "info") -> None:
    found = _run()
    if found is not None:
        found.event(kind, message, fields, level)


class Numbered:
    """Tells things of a kind apart: the first one's names stand plain, those of the others below `fit2/` and so on."""

    def __init__(self, word: str) -> None:
        self._word, self._count, self.current = word, 0, ""
        self._prefixes: "weakref.WeakKeyDictionary[Any, str]" = weakref.WeakKeyDictionary()

    def begin(self, thing: Any) -> str:
        """The prefix of a thing; a new one gets the next number."""
        known = self._prefixes.get(thing)
        if known is None:
            self._count += 1
            known = f"{self._word}{self._count}/" if self._count > 1 else ""
            self._prefixes[thing] = known
        self.current = known
        return known

    def of(self, thing: Any) -> str:
        """The prefix of a thing that begins nothing: the last one's, if it has none."""
        return self._prefixes.get(thing, self.current)


# -- attaching ---------------------------------------------------------------------------------------------------


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of ours that runs inside somebody's program: what it raises is said once, as an event."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            place = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
            if place not in _failures:
                _failures.add(place)
                try:
                    say("auto_failed", f"automatic logging failed in {place}: {type(error).__name__}: {error}"[:2000],
                        level="warning")
                except Exception:
                    pass
            return None

    return call


def wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replaces a function or a method by `around(original, *args, **kwargs)`; at most once."""
    original = getattr(owner, name)
    if getattr(original, "_aether_wrapped", False):
        return

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return around(original, *args, **kwargs)

    wrapped._aether_wrapped = True  # type: ignore[attr-defined]
    setattr(owner, name, wrapped)
