"""Refuses to compare two programs that did different work."""
import math
import sys


def check(work, ours, theirs):
    """Both sides start from the same weights and see the same batches: as long as they do the same arithmetic, they
    have equally many parameters and, to float tolerance, the same losses, step after step."""
    if ours["parameters"] != theirs["parameters"]:
        sys.exit(f"bench: {work}: {ours['parameters']} parameters here, {theirs['parameters']} there: not compared")
    pairs = list(zip(ours["losses"], theirs["losses"]))
    if len(pairs) < 8:
        sys.exit(f"bench: {work}: only {len(pairs)} losses to compare: not compared")
    for step, (a, b) in enumerate(pairs, 1):
        if not math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-5):
            sys.exit(f"bench: {work}: in step {step} the loss is {a} here and {b} there: not compared")
