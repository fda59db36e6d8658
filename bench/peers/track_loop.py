"""The loop that every tracker's side of the benchmark runs: calls with one metric, then with a hundred, as fast as they
return; and the JSON line that says what one call took. What is made before the first call and what is written after the
last one is not counted; what a tracker does meanwhile, in threads or processes of its own, is."""
import argparse
import itertools
import json
import math
import statistics
import time

#: Metrics in a call, and the calls that are timed in one go.
BATCHES = {1: 10_000, 100: 1_000}
#: Calls between two looks at the clock, for a tracker that does not reach the end of a batch in its time.
PIECE = 10


def measure(log, seconds):
    """`log(row, step)` by the number of metrics: microseconds a call, the median over batches with a pause between them
    in which the next rows are made, and the mean over a stretch without any pause; each for at least so long."""
    result = {}
    steps = itertools.count()
    for width, size in BATCHES.items():
        names = [f"metric{i}" for i in range(width)]
        for row in rows_of(names, PIECE):  # warm: names are known, threads have started
            log(row, next(steps))
        batches = []
        began = time.perf_counter()
        while not batches or time.perf_counter() - began < seconds:
            batches.append(batch(log, rows_of(names, size), steps, seconds))
        result[f"us_{width}"] = statistics.median(batches)
        rows = itertools.cycle(rows_of(names, size))
        result[f"sustained_us_{width}"] = batch(log, rows, steps, seconds)
    return result


def rows_of(names, count):
    return [{name: math.sin(row + i) for i, name in enumerate(names)} for row in range(count)]


def batch(log, rows, steps, seconds):
    """Calls with each of the rows, or until the time is over; microseconds a call."""
    rows = iter(rows)
    calls, start = 0, time.perf_counter()
    while piece := list(itertools.islice(rows, PIECE)):
        for row, step in zip(piece, steps):
            log(row, step)
        calls += len(piece)
        if time.perf_counter() - start > seconds:
            break
    return (time.perf_counter() - start) / calls * 1e6


def main(begin):
    """`begin(directory)` makes the tracker and returns its `log(row, step)` and what ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", help="where the tracker keeps what it is told")
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    log, end = begin(args.directory)
    result = measure(log, args.seconds)
    end()
    print(json.dumps(result))
