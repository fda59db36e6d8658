"""What every benchmark does with its measurements: run them in turn, print the table, keep it, say whether all is met."""
import argparse
import sys
from pathlib import Path

from . import report


def parser(document, name, rounds):
    """The options that every benchmark has."""
    made = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rounds", type=int, default=rounds, help=f"how often each measurement runs (default: {rounds})")
    made.add_argument("--seconds", type=float, default=2.0, help="length of one rate measurement (default: 2)")
    made.add_argument("--output", type=Path, help=f"also write the table there, such as bench/{name}.md")
    return made


def run(measures, rounds):
    """All measurements, round after round; the lines of the table."""
    for number in range(1, rounds + 1):
        for measure in measures:
            print(f"round {number}/{rounds}: {type(measure).__name__}", file=sys.stderr, flush=True)
            measure.round()
    return [line for measure in measures for line in measure.lines()]


def publish(head, lines, tail, output):
    """Prints the page, writes it to `output` if that is a path, and ends the program: 1 when a line misses its mark."""
    text = "\n".join([*head, "", report.table(lines), *tail])
    print(text)
    if output:
        output.write_text(text + "\n")
    sys.exit(not all(line.met for line in lines))
