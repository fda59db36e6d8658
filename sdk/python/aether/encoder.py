"""What was said as frames of a log. Belongs to the thread that writes: it alone knows which names are defined."""

import functools
import itertools
import struct
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from . import records
from .values import as_float

#: Step, time and a copy of what was said: values of metrics by name; or None, a time and a whole frame.
Entry = Tuple[Optional[int], int, Any]
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


def _names(entry: Entry) -> Optional[Tuple[Any, ...]]:
    return None if entry[0] is None else tuple(entry[2])


class Encoder:
    def __init__(self) -> None:
        self._numbers: Dict[str, int] = {}
        self._sets: Dict[Tuple[Any, ...], _Set] = {}

    def frames(self, entries: Iterable[Entry]) -> List[bytes]:
        """In the order of the entries, with the definitions that they need before them."""
        frames: List[bytes] = []
        for names, group in itertools.groupby(entries, _names):
            if names is None:
                frames += [frame for _, _, frame in group]
            elif names:
                self._rows(names, list(group), frames)
        return frames

    def _rows(self, names: Tuple[Any, ...], rows: List[Entry], frames: List[bytes]) -> None:
        known = self._sets.get(names)
        if known is None:
            # Endlessly many different rows of names would define endlessly many sets: then each metric is one.
            size = records.MAX_SET if len(self._sets) < _MAX_SETS else 1
            if len(names) > size:
                for at in range(0, len(names), size):
                    part = names[at : at + size]
                    self._rows(part, [(step, when, {n: said[n] for n in part}) for step, when, said in rows], frames)
                return
            known = self._define(names, frames)
        pack = known.pack
        try:
            packed = [pack(step, when, *said.values()) for step, when, said in rows]
        except (struct.error, OverflowError):  # an integer beyond the largest double
            packed = [pack(step, when, *map(as_float, said.values())) for step, when, said in rows]
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
