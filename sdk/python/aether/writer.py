"""Hands what was said to the operating system within 50 ms, and syncs it within 1 s, from a thread of its own.

Whoever says something appends to a queue and returns: no lock, no system call, no encoding. What `kill -9` can lose is
what stands in the queue. The thread needs Python's global lock for a moment each time: native code that keeps it for
longer keeps the thread waiting for as long.
"""

import _thread
import itertools
import operator
import struct
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

from . import ending, records
from .log_file import LogFile
from .values import Later, as_float

#: Seconds between two looks at the queue; with the time that a look takes, below 50 ms.
INTERVAL = 0.04
#: Seconds between two syncs.
SYNC = 1.0
#: Entries in the queue from which on its memory is looked at.
_MANY = 20_000
#: Memory that the queue may take, in values of about 32 bytes.
_MEMORY = 4_000_000
#: Different rows of names that get a set of their own.
_MAX_SETS = 4_096

#: Rows that are encoded at once.
_CHUNK = 512

#: Step, time, values by name.
Entry = Tuple[int, int, Dict[str, Any]]

_now = time.time_ns
_metrics_of = operator.itemgetter(2)


class Writer:
    """Everything that one process says about one run. Its methods may be called by any thread, and raise nothing."""

    def __init__(self, place: Callable[[], Path], session: int) -> None:
        self._queue: Deque[Entry] = deque()
        self._events: Deque[bytes] = deque()
        self.asleep = True
        self._log = LogFile(place, session)
        self._later: Deque[Entry] = deque()
        self._numbers: Dict[str, int] = {}
        self._sets: Dict[Tuple[Any, ...], List[Tuple[int, int]]] = {}
        self._next_set = itertools.count()
        self._lost = 0
        self._synced_at = 0.0
        self._thread: Optional[threading.Thread] = None
        self._closing = False
        self._starting = threading.RLock()
        self._draining = threading.RLock()
        self._tick = _thread.allocate_lock()  # held; released to wake the thread
        self._tick.acquire()

    # -- saying --------------------------------------------------------------------------------------------------

    def row(self, step: int, metrics: Dict[str, Any]) -> None:
        """Values of metrics at one step. `metrics` is not changed afterwards, by anybody; its values are numbers."""
        queue = self._queue
        if len(queue) > _MANY and self._crowded(len(metrics)):
            return
        queue.append((step, _now(), metrics))
        if self.asleep:
            self.wake()

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
        self._events.append(records.event(_now(), kind, level, step, message, fields))
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
            self._signal()

    def _signal(self) -> None:
        try:
            self._tick.release()
        except RuntimeError:  # it is awake
            pass

    def _crowded(self, width: int) -> bool:
        """Waits a little for a thread that does not keep up; whether the row is lost, because nothing is written any
        more and the memory for what waits is used up."""
        deadline = time.monotonic() + 1.0
        while len(self._queue) * (12 + width) > _MEMORY:
            if self._log.stuck or time.monotonic() > deadline:
                self._lost += width
                return True
            time.sleep(0.001)
        return False

    # -- writing -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            try:
                busy = self._drain()
            except Exception as error:  # a bug here must not end the program's records
                busy = True
                print(f"aether: the writer failed: {error!r}; it goes on", file=sys.stderr)
            if busy or self._log.unsynced or self._log.stuck or self._later:
                self._tick.acquire(True, INTERVAL)
                continue
            self.asleep = True
            if self._queue or self._events:
                self.asleep = False
                continue
            self._tick.acquire()
            if not self._closing:
                self._tick.acquire(True, INTERVAL)  # gathers what is said next

    def _drain(self, final: bool = False) -> bool:
        """Writes what the queue holds; whether it held anything."""
        with self._draining:
            if self._later:
                self._settle(final)
            if self._log.full:
                self._log.append([])
                return True
            frames = [self._events.popleft() for _ in range(len(self._events))]
            self._encode(len(self._queue), frames)
            if self._lost and (final or not self._log.stuck) and not self._log.full:
                frames.append(self._points_lost())
            worked = bool(frames)
            if frames or self._log.stuck:
                self._log.append(frames)
            now = time.monotonic()
            if final or now - self._synced_at >= SYNC:
                self._log.sync()
                self._synced_at = now
            return worked

    def flush(self) -> None:
        """Hands everything said until now to the operating system, and syncs it."""
        with self._draining:
            self._drain(final=True)
            self._log.retry()
            self._log.sync()

    def close(self) -> None:
        """Writes the rest and ends the thread."""
        self._closing = True
        self._signal()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)
        self.flush()
        if self._log.stuck or self._queue:
            points = self._lost + sum(len(body) for _, _, body in self._queue)
            print(
                f"aether: the log could not be written to its end; lost are {self._log.waiting_bytes} bytes of it and "
                f"{points} points beyond",
                file=sys.stderr,
            )
        self._log.close()
        self._thread = None

    def abandon(self) -> None:
        """In the child of a fork: what the parent said is the parent's to write."""
        self._queue.clear()
        self._events.clear()
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
                self._queue.append((step, when, row))
            except Exception as error:
                # A device that failed fails all that asks it; the program will hear of it by itself.
                known = {n: v for n, v in metrics.items() if not isinstance(v, Later)}
                if known:
                    self._queue.append((step, when, known))
                self._lost += len(pending)
                message = f"{', '.join(map(str, pending))[:500]} could not be read: {error}"
                self.event("value_lost", "warning", step, message[:2000], {})

    def _encode(self, count: int, frames: List[bytes]) -> None:
        """Appends the frames of the first `count` rows, but of no more than the file takes at once."""
        popleft = self._queue.popleft
        size = 0
        while count and size < 16 << 20:
            chunk = [popleft() for _ in range(min(count, _CHUNK))]
            count -= len(chunk)
            names = list(map(tuple, map(_metrics_of, chunk)))
            start = 0
            # One frame for each stretch of rows with the same names; mostly that is the whole chunk.
            while start < len(chunk):
                first, end = names[start], start + 1
                if names.count(first) == len(names):
                    end = len(names)
                while end < len(names) and names[end] == first:
                    end += 1
                if first:
                    pieces = self._pieces(first, frames)
                    most = max(1, records.ROWS_BYTES // (16 + 8 * len(first)))
                    for at in range(start, end, most):
                        part = chunk[at : min(at + most, end)]
                        flat = [x for step, when, row in part for x in (step, when, *row.values())]
                        size += self._rows(frames, pieces, flat)
                start = end

    def _rows(self, frames: List[bytes], pieces: List[Tuple[int, int]], flat: List[Any]) -> int:
        """Appends the frames of rows of one set, or of the sets that its names were divided into; their bytes."""
        before = len(frames)
        if len(pieces) == 1:
            number, width = pieces[0]
            try:
                frames.append(records.rows(number, records.pack_rows(width, flat)))
                return len(frames[-1])
            except (struct.error, OverflowError, TypeError):
                pass
        total = sum(width for _, width in pieces)
        for start in range(0, len(flat), total + 2):
            head, values, at = flat[start : start + 2], flat[start + 2 : start + 2 + total], 0
            for number, width in pieces:
                packed = records.pack_rows(width, head + [as_float(v) for v in values[at : at + width]])
                frames.append(records.rows(number, packed))
                at += width
        return sum(map(len, frames[before:]))

    def _pieces(self, names: Tuple[Any, ...], frames: List[bytes]) -> List[Tuple[int, int]]:
        """The sets that stand for these names, in order, each with its width."""
        known = self._sets.get(names)
        if known is None:
            numbers = [self._number(str(name), frames) for name in names]
            # Endlessly many different rows of names would define endlessly many sets: then each metric is one.
            size = records.MAX_SET if len(self._sets) < _MAX_SETS else 1
            if size == 1 and len(names) > 1:
                return [piece for name in names for piece in self._pieces((name,), frames)]
            known = []
            for at in range(0, len(numbers), size):
                part = numbers[at : at + size]
                number = next(self._next_set)
                frames.append(records.metric_set(number, part))
                known.append((number, len(part)))
            self._sets[names] = known
        return known

    def _number(self, name: str, frames: List[bytes]) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._numbers)
            frames.append(records.metric(number, name))
        return number
