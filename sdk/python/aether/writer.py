"""Hands what was said to the operating system within 50 ms, and syncs it within 1 s, from two threads of its own.

Whoever says something copies it, appends it to a queue and returns: no lock, no system call; the first thread makes bytes
of it. What `kill -9` can lose is what stands in the queue. The thread needs Python's global lock for a moment each time:
native code that keeps it for longer keeps the thread waiting for as long. The second thread syncs, for which a disk may
take long, while what is said meanwhile is written all the same. To wake a thread costs more than what it then does, so
neither wakes without work.
"""

import _thread
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Callable, Deque, Dict, Optional, Tuple

from . import ending, records
from .encoder import FRAME, ROW, Encoder, Entry
from .log_file import LogFile
from .values import READY, Later

#: Seconds from one look at the queue to the next; with the time that a look takes, below 50 ms.
INTERVAL = 0.02
#: Seconds that others have the processor for between two looks, however long one took.
_REST = 0.005
#: Seconds between two syncs; with what was not yet written at the one before, and what a sync takes, below 1 s. Nearly
#: half of that second is left for the sync, and for a program that keeps Python's lock from the thread.
SYNC = 0.5
#: Entries in the queue from which on its memory is looked at.
_MANY = 20_000
#: Bytes that the queue may take, about.
_MEMORY = 128 << 20
#: Bytes that an entry takes, and each of its metrics, about.
_ENTRY, _METRIC = 160, 80
#: Entries that are encoded and written at once.
_CHUNK = 4_096

_now = time.time_ns
#: For the thread's own cost: another's turn on the processor is none of it.
_work = getattr(time, "thread_time_ns", time.perf_counter_ns)


class Writer:
    """Everything that one process says about one run. Its methods may be called by any thread, and raise nothing."""

    def __init__(self, place: Callable[[], Path], session: int) -> None:
        self.asleep = True
        self._write_cost, self._sync_cost = 0, 0
        self._written = 0  # entries, since the last sync
        self._queue: Deque[Entry] = deque()
        self._log = LogFile(place, session)
        self._later: Deque[Tuple[int, int, Dict[str, Any]]] = deque()
        self._encoder = Encoder()
        self._lost = 0
        self._thread: Optional[threading.Thread] = None
        self._syncer: Optional[threading.Thread] = None
        self._closing = False
        self._starting = threading.RLock()
        self._draining = threading.RLock()
        self._syncing = threading.Lock()
        # Held; released to wake the thread, to tell the other one that there is something to sync, and to end its rest.
        self._tick, self._unsynced, self._ending = (_held() for _ in range(3))

    @property
    def entry_cost(self) -> int:
        """Nanoseconds of a processor that it lately took to write and sync one entry, with all waking up for it."""
        return self._write_cost + self._sync_cost

    # -- saying --------------------------------------------------------------------------------------------------

    def row(self, step: int, metrics: Any) -> bool:
        """Values of metrics at one step; whether it is a dictionary of plain numbers, else nothing is said."""
        if type(metrics) is not dict:
            return False
        if len(metrics) == 1:  # as most programs say theirs: no copy is needed
            ((kind, said),) = metrics.items()
            if type(said) is not float and type(said) not in READY:
                return False
        else:
            kind = ROW
            said = metrics.copy()  # first, for another thread may change what it was given meanwhile
            for value in said.values():
                if type(value) is not float and type(value) not in READY:
                    return False
        queue = self._queue
        if len(queue) > _MANY and self._crowded(len(metrics)):
            return True
        queue.append((kind, step, _now(), said))
        if self.asleep:
            self.wake()
        return True

    def row_later(self, step: int, metrics: Dict[str, Any]) -> None:
        """As `row`, with some values that are `Later`s."""
        if len(self._later) > _MANY:  # the device delivers nothing any more
            self._lost += len(metrics)
            return
        self._later.append((step, _now(), metrics))
        if self.asleep:
            self.wake()

    def event(self, kind: str, level: str, step: int, message: str, fields: Dict[str, Any]) -> None:
        # Encoded here: the caller may change what `fields` holds as soon as this returns.
        now = _now()
        self._queue.append((FRAME, step, now, records.event(now, kind, level, step, message, fields)))
        if self.asleep:
            self.wake()

    def wake(self) -> None:
        """Starts the thread, or wakes it."""
        with self._starting:
            self.asleep = False
            if self._thread is None and not self._closing:
                thread = threading.Thread(target=self._run, name="aether-writer", daemon=True)
                try:
                    thread.start()
                    self._thread = thread
                    ending.flush_at_end_of_child(self.flush)
                    return
                except RuntimeError:  # the interpreter ends, or has no more threads
                    pass
        if self._thread is None:
            self.flush()
        else:
            _release(self._tick)

    def _crowded(self, width: int) -> bool:
        """Waits a little for a thread that does not keep up; whether the row is lost, because nothing is written any
        more and the memory for what waits is used up."""
        deadline = time.monotonic() + 1.0
        while len(self._queue) * (_ENTRY + _METRIC * width) > _MEMORY:
            if self._log.stuck or time.monotonic() > deadline:
                self._lost += width
                return True
            time.sleep(0.001)
        return False

    # -- writing -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        counted, wrote = _work(), 0.0
        while not self._closing:
            began = time.monotonic()
            rare = began - wrote > 2 * INTERVAL
            try:
                busy = self._drain()
                if busy:
                    worked = _work()
                    self._write_cost, counted, wrote = (worked - counted) // busy, worked, began
            except Exception as error:  # a bug here must not end the program's records
                busy, rare = 1, False
                print(f"aether: the writer failed: {error!r}; it goes on", file=sys.stderr)
            # Of what is said rarely, the next is not near.
            if (busy and not rare) or self._log.stuck or self._later:
                self._tick.acquire(True, max(began + INTERVAL - time.monotonic(), _REST))
                continue
            self.asleep = True
            if self._queue or self._later:
                self.asleep = False
                continue
            self._tick.acquire()
            self.asleep = False

    def _drain(self, final: bool = False) -> int:
        """Writes what the queue holds; how much it held, one at least where nothing can be written."""
        with self._draining:
            if self._later:
                self._settle(final)
            if self._log.full:
                self._log.append([])
                return 1
            count = worked = len(self._queue)
            # Written piece by piece, so that what was said first does not wait for the rest to be encoded.
            while count and not self._log.full:
                chunk = [self._queue.popleft() for _ in range(min(count, _CHUNK))]
                count -= len(chunk)
                self._log.append(self._encoder.frames(chunk))
            if self._lost and (final or not self._log.stuck):
                self._log.append([self._points_lost()])
            elif self._log.stuck and not worked:
                self._log.append([])
            self._written += worked
            if self._log.unsynced and not final:
                self._sync_soon()
            return worked

    def _sync_soon(self) -> None:
        if self._syncer is None:
            thread = threading.Thread(target=self._run_syncs, name="aether-sync", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter ends, or has no more threads
                self._log.sync()
                return
            self._syncer = thread
        _release(self._unsynced)

    def _run_syncs(self) -> None:
        counted = _work()
        while not self._closing:
            if not self._log.unsynced:  # else it was written during the rest, or the disk refused the last one
                self._unsynced.acquire()
            written, self._written = self._written, 0
            with self._syncing:
                self._log.sync()
            worked = _work()
            self._sync_cost, counted = (worked - counted) // max(written, 1), worked
            self._ending.acquire(True, SYNC)

    def flush(self) -> None:
        """Hands everything said until now to the operating system, and syncs it."""
        with self._draining:
            self._drain(final=True)
            self._log.retry()
            with self._syncing:
                self._log.sync()

    def close(self) -> None:
        """Writes the rest and ends the threads."""
        self._closing = True
        for lock in (self._tick, self._unsynced, self._ending):
            _release(lock)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)
        self.flush()
        if self._log.stuck or self._queue:
            waiting = (len(said) if kind is ROW else kind is not FRAME for kind, _, _, said in self._queue)
            points = self._lost + sum(waiting)
            print(
                f"aether: the log could not be written to its end; lost are {self._log.waiting_bytes} bytes of it and "
                f"{points} points beyond",
                file=sys.stderr,
            )
        with self._syncing:
            self._log.close()
        self._thread = self._syncer = None

    def abandon(self) -> None:
        """In the child of a fork: what the parent said is the parent's to write."""
        self._queue.clear()
        self._later.clear()
        self._log.close()

    def _points_lost(self) -> bytes:
        lost, self._lost = self._lost, 0
        message = f"{lost} points were lost: the log could not be written, and the memory for what waits was used up"
        return records.event(_now(), "points_lost", "error", 0, message, {"points": lost})

    def _settle(self, wait: bool) -> None:
        """Puts rows whose last value has arrived into the queue. The others stay, and hold up nobody."""
        for _ in range(len(self._later)):
            step, when, metrics = self._later.popleft()
            pending = [name for name, value in metrics.items() if isinstance(value, Later)]
            try:
                if not wait and not all(metrics[name].ready() for name in pending):
                    self._later.append((step, when, metrics))
                    continue
                row = {n: v.number() if isinstance(v, Later) else v for n, v in metrics.items()}
                self._queue.append((ROW, step, when, row))
            except Exception as error:
                # A device that failed fails all that asks it; the program will hear of it by itself.
                known = {n: v for n, v in metrics.items() if not isinstance(v, Later)}
                if known:
                    self._queue.append((ROW, step, when, known))
                self._lost += len(pending)
                message = f"{', '.join(map(str, pending))[:500]} could not be read: {error}"
                self.event("value_lost", "warning", step, message[:2000], {})


def _held() -> Any:
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock


def _release(lock: Any) -> None:
    try:
        lock.release()
    except RuntimeError:  # whom it holds up is awake
        pass
