"""Ours: points through `aether.log`, a hundred metrics a call, from the first call until all are on the disk."""
import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk" / "python"))
import aether

WIDTH = 100

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--calls", type=int, required=True)
parser.add_argument("--home", required=True)
args = parser.parse_args()
aether.init(project="bench", dir=args.home)
names = [f"metric{i}" for i in range(WIDTH)]
began = time.perf_counter()
for step in range(args.calls):
    aether.log({name: step * 0.5 for name in names}, step)
aether.flush()
seconds = time.perf_counter() - began
aether.finish()
print(json.dumps({"points": args.calls * WIDTH, "seconds": seconds}))
