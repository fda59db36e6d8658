"""What was said as frames of a log. Belongs to the thread that writes: it alone knows which names are defined."""

import functools
import itertools
import operator
import struct
from typing import Any, Callable, Dict, Iterable, List, Tuple

from . import records
from .values import as_float

#: What an entry is, its step, its time, and what was said. It is a metric's name, and what was said is its value; or
#: `ROW`, and it is a dictionary of values by name that nobody changes any more; or `FRAME`, and it is a whole frame.
Entry = Tuple[Any, int, int, Any]
ROW, FRAME = object(), object()
#: Step, time and values, as they are packed.
_Row = Tuple[Any, ...]

#: Different rows of names that get a set of their own.
_MAX_SETS = 4_096


@functools.lru_cache(maxsize=None)
def _packer(width: int) -> Callable[..., bytes]:
    return struct.Struct(f"<Qq{width}d").pack


class _Set:
    """A row of names that stands in the log as a set: how to pack its values, and what begins its records."""

    __slots__ = ("pack", "prefix")

    def __init__(self, number: int, width: int) -> None:
        self.pack = _packer(width)
        self.prefix = records.rows_prefix(number)


_kind = operator.itemgetter(0)


def _names(entry: Entry) -> Tuple[Any, ...]:
    return tuple(entry[3])


class Encoder:
    def __init__(self) -> None:
        self._numbers: Dict[str, int] = {}
        self._sets: Dict[Tuple[Any, ...], _Set] = {}

    def frames(self, entries: Iterable[Entry]) -> List[bytes]:
        """In the order of the entries, with the definitions that they need before them."""
        frames: List[bytes] = []
        for kind, group in itertools.groupby(entries, _kind):
            if kind is FRAME:
                frames += [frame for _, _, _, frame in group]
            elif kind is ROW:
                for names, rows in itertools.groupby(group, _names):
                    self._rows(names, [(step, when, *said.values()) for _, step, when, said in rows], frames)
            else:
                self._rows((kind,), [entry[1:] for entry in group], frames)
        return frames

    def _rows(self, names: Tuple[Any, ...], rows: List[_Row], frames: List[bytes]) -> None:
        known = self._sets.get(names)
        if known is None:
            # Endlessly many different rows of names would define endlessly many sets: then each metric is one.
            size = records.MAX_SET if len(self._sets) < _MAX_SETS else 1
            if len(names) > size:
                for at in range(0, len(names), size):
                    self._rows(names[at : at + size], [(*row[:2], *row[2 + at : 2 + at + size]) for row in rows], frames)
                return
            if not names:
                return
            known = self._define(names, frames)
        try:
            packed = list(itertools.starmap(known.pack, rows))
        except (struct.error, OverflowError):  # an integer beyond the largest double
            packed = [known.pack(step, when, *map(as_float, said)) for step, when, *said in rows]
        # As many rows in a frame as fit it well.
        most = max(1, records.ROWS_BYTES // len(packed[0]))
        for at in range(0, len(packed), most):
            frames.append(records.frame(known.prefix + b"".join(packed[at : at + most])))

    def _define(self, names: Tuple[Any, ...], frames: List[bytes]) -> _Set:
        numbers = []
        for name in map(str, names):
            number = self._numbers.get(name)
            if number is None:
                number = self._numbers[name] = len(self._numbers)
                frames.append(records.metric(number, name))
            numbers.append(number)
        made = self._sets[names] = _Set(len(self._sets), len(names))
        frames.append(records.metric_set(len(self._sets) - 1, numbers))
        return made
