"""Hands what was said to the operating system within 50 ms, and syncs it within 1 s, from a thread of its own.

Whoever says something packs it, appends it to a queue and returns: no lock, no system call. What `kill -9` can lose is
what stands in the queue. The thread needs Python's global lock for a moment each time: native code that keeps it for
longer keeps the thread waiting for as long.
"""

import _thread
import functools
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
from .values import READY, Later, as_float

#: Seconds between two looks at the queue; with the time that a look takes, below 50 ms.
INTERVAL = 0.04
#: Seconds between two syncs.
SYNC = 1.0
#: Entries in the queue from which on its memory is looked at.
_MANY = 20_000
#: Bytes that the queue may take, about.
_MEMORY = 128 << 20
#: Different rows of names that get a set of their own.
_MAX_SETS = 4_096
#: Entries that are encoded at once, and bytes.
_CHUNK, _CHUNK_BYTES = 4_096, 16 << 20


@functools.lru_cache(maxsize=None)
def _packer(width: int) -> Callable[..., bytes]:
    return struct.Struct(f"<Qq{width}d").pack


class Shape:
    """A row of names that stands in the log as a set: how to pack its values, and what begins its records."""

    __slots__ = ("pack", "prefix", "width")

    def __init__(self, number: int, width: int) -> None:
        self.pack = _packer(width)
        self.prefix = records.rows_prefix(number)
        self.width = width


#: A shape with a packed row, or none with a whole frame.
Entry = Tuple[Optional[Shape], bytes]

_now = time.time_ns
_shape_of = operator.itemgetter(0)


class Writer:
    """Everything that one process says about one run. Its methods may be called by any thread, and raise nothing."""

    def __init__(self, place: Callable[[], Path], session: int) -> None:
        self.asleep = True
        self._queue: Deque[Entry] = deque()
        self._log = LogFile(place, session)
        self._later: Deque[Tuple[int, int, Dict[str, Any]]] = deque()
        self._numbers: Dict[str, int] = {}
        self._shapes: Dict[Tuple[Any, ...], Shape] = {}
        self._next_set = itertools.count()
        self._lost = 0
        self._synced_at = 0.0
        self._thread: Optional[threading.Thread] = None
        self._closing = False
        self._naming = threading.RLock()
        self._starting = threading.RLock()
        self._draining = threading.RLock()
        self._tick = _thread.allocate_lock()  # held; released to wake the thread
        self._tick.acquire()

    # -- saying --------------------------------------------------------------------------------------------------

    def row(self, step: int, metrics: Any, when: Optional[int] = None) -> bool:
        """Values of metrics at one step; whether it is a dictionary of plain numbers, else nothing is said."""
        if type(metrics) is not dict:
            return False
        for value in metrics.values():
            if type(value) is not float and type(value) not in READY:
                return False
        names = tuple(metrics)
        shape = self._shapes.get(names)
        if shape is None:
            return self._first_row(step, metrics, names, _now() if when is None else when)
        try:
            packed = shape.pack(step, _now() if when is None else when, *metrics.values())
        except (struct.error, OverflowError):  # an integer beyond the largest double
            return False
        queue = self._queue
        if len(queue) > _MANY and self._crowded(shape.width):
            return True
        queue.append((shape, packed))
        if self.asleep:
            self.wake()
        return True

    def _first_row(self, step: int, metrics: Dict[str, Any], names: Tuple[Any, ...], when: int) -> bool:
        """A row whose names are said for the first time, or that is no set by itself."""
        if not names:
            return True
        # Endlessly many different rows of names would define endlessly many sets: then each metric is one.
        size = records.MAX_SET if len(self._shapes) < _MAX_SETS else 1
        values = [as_float(value) for value in metrics.values()]
        for at in range(0, len(names), size):
            part = names[at : at + size]
            shape = self._shapes.get(part) or self._define(part)
            if len(self._queue) > _MANY and self._crowded(shape.width):
                continue
            self._queue.append((shape, shape.pack(step, when, *values[at : at + size])))
        if self.asleep:
            self.wake()
        return True

    def _define(self, names: Tuple[Any, ...]) -> Shape:
        """Makes names a set. What defines it goes into the queue before all that needs it."""
        with self._naming:
            known = self._shapes.get(names)
            if known is not None:
                return known
            numbers = []
            for name in map(str, names):
                number = self._numbers.get(name)
                if number is None:
                    number = self._numbers[name] = len(self._numbers)
                    self._queue.append((None, records.metric(number, name)))
                numbers.append(number)
            number = next(self._next_set)
            self._queue.append((None, records.metric_set(number, numbers)))
            shape = self._shapes[names] = Shape(number, len(names))
            return shape

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
        self._queue.append((None, records.event(_now(), kind, level, step, message, fields)))
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
        while len(self._queue) * (160 + 8 * width) > _MEMORY:
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
            if self._queue:
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
            frames = self._encode(len(self._queue))
            if self._lost and (final or not self._log.stuck):
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
            points = self._lost + sum(shape.width for shape, _ in self._queue if shape)
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
                self.row(step, row, when)
            except Exception as error:
                # A device that failed fails all that asks it; the program will hear of it by itself.
                known = {n: v for n, v in metrics.items() if not isinstance(v, Later)}
                if known:
                    self.row(step, known, when)
                self._lost += len(pending)
                message = f"{', '.join(map(str, pending))[:500]} could not be read: {error}"
                self.event("value_lost", "warning", step, message[:2000], {})

    def _encode(self, count: int) -> List[bytes]:
        """The frames of the first `count` entries, but of no more than the file takes at once."""
        popleft = self._queue.popleft
        frames: List[bytes] = []
        size = 0
        while count and size < _CHUNK_BYTES:
            chunk = [popleft() for _ in range(min(count, _CHUNK))]
            count -= len(chunk)
            for shape, entries in itertools.groupby(chunk, _shape_of):
                parts = [part for _, part in entries]
                if shape is not None:
                    # As many rows in a frame as fit it well; the order of what is said is kept.
                    most = max(1, records.ROWS_BYTES // len(parts[0]))
                    stretches = [parts[at : at + most] for at in range(0, len(parts), most)]
                    parts = [records.frame(shape.prefix + b"".join(stretch)) for stretch in stretches]
                frames += parts
                size += sum(map(len, parts))
        return frames
