"""How a program ends: by itself, with an exception, in a child that was forked. Signals are left alone."""

import atexit
import os
import sys
import threading
import traceback
from typing import Any, Callable, List, Protocol


class Ends(Protocol):
    """What is told of the end: every run that is open."""

    def failed(self, state: str, reason: str, trace: str) -> None: ...

    def end(self) -> None: ...

    def forked(self) -> None: ...


_open: List[Ends] = []
_installed = False
_status: Any = None
_lock = threading.Lock()


def watch(run: Ends) -> None:
    """Tells `run` of the program's end, until it is forgotten."""
    global _installed
    with _lock:
        _open.append(run)
        if _installed:
            return
        _installed = True
    atexit.register(_end)
    os.register_at_fork(after_in_child=_forked)
    previous = sys.excepthook

    def excepthook(kind: Any, error: Any, trace: Any) -> None:
        try:
            for run in list(_open):
                describe(run, kind, error, trace)
        finally:
            previous(kind, error, trace)

    sys.excepthook = excepthook
    # Nothing tells an atexit handler with which status the program exits, so the usual way is listened to.
    leave = sys.exit

    def exit(status: Any = None, /) -> None:
        global _status
        if threading.current_thread() is threading.main_thread():
            _status = None if status == 0 else status
        leave(status)

    exit.__doc__ = leave.__doc__
    sys.exit = exit  # type: ignore[assignment]


def forget(run: Ends) -> None:
    with _lock:
        if run in _open:
            _open.remove(run)


def flush_at_end_of_child(flush: Callable[[], None]) -> None:
    """A child of `multiprocessing` leaves with `os._exit`, past `atexit`, but runs its own finalizers."""
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None and process.parent_process() is not None:
        util.Finalize(None, flush, exitpriority=0)


def describe(run: Ends, kind: Any, error: Any, trace: Any) -> None:
    """Tells `run` of an exception that ends it."""
    if issubclass(kind, KeyboardInterrupt):
        # Formatting its trace would evaluate code, and make CPython 3.13 forget to die of the signal.
        run.failed("interrupted", ": ".join(filter(None, (kind.__name__, str(error)))), "")
        return
    reason = "".join(traceback.format_exception_only(kind, error)).strip()[:2000]
    text = "".join(traceback.format_exception(kind, error, trace))[-100_000:]
    run.failed("failed", reason, text)


def _end() -> None:
    for run in list(_open):
        if _status is not None:
            known = isinstance(_status, int)
            run.failed("failed", f"it exited with status {_status}" if known else str(_status)[:2000], "")
        run.end()


def _forked() -> None:
    global _lock
    _lock = threading.Lock()
    for run in list(_open):
        run.forked()
