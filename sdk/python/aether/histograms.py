"""Histograms: how often values fall between ascending edges."""

import bisect
import math
import sys
from typing import Any, List, Tuple


def histogram(values: Any, bins: int = 64) -> Tuple[List[float], List[int], int]:
    """`bins` + 1 edges of equal distance, the counts between them, and how many values were not finite."""
    if hasattr(values, "detach"):  # PyTorch
        values = values.detach().cpu()
        values = (values.float() if values.is_floating_point() else values).numpy()
    elif not hasattr(values, "dtype") and hasattr(values, "numpy"):
        values = values.numpy()
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(values, "dtype"):
        flat = numpy.asarray(values, dtype=numpy.float64).ravel()
        finite = flat[numpy.isfinite(flat)]
        edges = _edges(float(finite.min()), float(finite.max()), bins) if finite.size else _edges(0.0, 0.0, bins)
        counts, _ = numpy.histogram(finite, bins=numpy.asarray(edges))
        return edges, [int(count) for count in counts], int(flat.size - finite.size)
    every = [float(value) for value in values]
    known = [value for value in every if math.isfinite(value)]
    edges = _edges(min(known), max(known), bins) if known else _edges(0.0, 0.0, bins)
    counts_list = [0] * bins
    for value in known:  # the last bin holds its upper edge, as numpy's does
        counts_list[min(bisect.bisect_right(edges, value) - 1, bins - 1)] += 1
    return edges, counts_list, len(every) - len(known)


def _edges(low: float, high: float, bins: int) -> List[float]:
    if low == high:
        around = max(0.5, abs(low) * 1e-9)
        low, high = low - around, high + around
    # Two products rather than one: the distance of two doubles may be beyond the largest.
    edges = [low * (1 - i / bins) + high * (i / bins) for i in range(bins + 1)]
    edges[0] = low
    edges[-1] = high
    return edges
