"""Says points without an end, and notes outside of what is measured when each was said: in a file mapped into memory,
which `kill -9` does not take along. The file holds the number of points that were said, the longest time from before one
sync of the log to after the next, in nanoseconds, then the times of the points, `u64` each."""
import argparse
import mmap
import os
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk" / "python"))
import aether

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("notes", type=Path)
parser.add_argument("--pause", type=float, help="seconds between two points")
args = parser.parse_args()

with open(args.notes, "r+b") as file:
    notes = mmap.mmap(file.fileno(), 0)
room = len(notes) // 8 - 2
note = struct.Struct("<Q").pack_into
sync, synced, longest = os.fsync, time.monotonic_ns(), 0


def timed_sync(file):
    global synced, longest
    before = time.monotonic_ns()
    sync(file)
    if os.readlink(f"/proc/self/fd/{file}").endswith(".log"):
        longest, synced = max(longest, time.monotonic_ns() - synced), before
        note(notes, 8, longest)


os.fsync = timed_sync
aether.init(project="killed")
for step in range(room):
    now = time.monotonic_ns()
    aether.log({"said": 0.5}, step)
    note(notes, 8 * (step + 2), now)
    note(notes, 0, step + 1)
    if args.pause:
        time.sleep(args.pause)
