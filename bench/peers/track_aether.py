"""Ours: `aether.log`."""
import sys
from pathlib import Path

from track_loop import main

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk" / "python"))
import aether


def begin(directory):
    aether.init(project="bench", dir=directory)
    return aether.log, aether.finish


main(begin)
