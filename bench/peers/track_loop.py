"""The loop that every tracker's side of the benchmark runs: calls with one metric, then with a hundred, as fast as they
return; and the JSON line that says what one call took. What is made before the first call and what is written after the
last one is not counted; what a tracker does meanwhile, in threads or processes of its own, is."""
import argparse
import json
import math
import sys
import tempfile
import time

BATCH = 50


def measure(log, seconds):
    """`log(row, step)` for at least so long; microseconds a call by the number of metrics, and how many calls."""
    result = {}
    step = 0
    for width in (1, 100):
        names = [f"metric{i}" for i in range(width)]
        for _ in range(BATCH):  # warm: names are known, threads have started
            log({name: 0.5 for name in names}, step)
            step += 1
        spent, calls = 0.0, 0
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            # The rows are made before: only the calls are timed.
            rows = [{name: math.sin(step + i) for name in names} for i in range(BATCH)]
            start = time.perf_counter()
            for row in rows:
                log(row, step)
                step += 1
            spent += time.perf_counter() - start
            calls += BATCH
        result[f"us_{width}"] = spent / calls * 1e6
        result[f"calls_{width}"] = calls
    return result


def main(begin):
    """`begin(directory)` makes the tracker and returns its `log(row, step)` and what ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aether-track-", ignore_cleanup_errors=True) as directory:
        log, end = begin(directory)
        result = measure(log, args.seconds)
        end()
        print(json.dumps(result))
        sys.stdout.flush()
