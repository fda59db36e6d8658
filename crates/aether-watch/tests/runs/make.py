#!/usr/bin/env python3
"""Trains the networks whose logs are the real part of the labelled series, with `aether train`, and writes each as
`LABEL-NAME.csv` beside this file: metric, step, milliseconds since the first value, value.

usage: make.py AETHER      the program; the runs go to a home of their own
"""
import csv, json, subprocess, sys, tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
DIGITS = "data: {source: digits, validation: 0.2}\nmodel_name: SimpleMLP\n"
FEW = "data: {source: digits, validation: 0.9}\nmodel_name: SimpleMLP\n"
WINE = f"data: {{source: csv, path: {ROOT}/examples/wine/wine.csv, target: quality, validation: 0.2}}\nmodel_name: SimpleMLP\n"
KEEP = {"train/loss", "train/grad_norm", "val/loss"}


def runs():
    """Label, name, experiment."""
    for seed in range(4):
        for rate, kind in ((0.003, "adamw"), (0.001, "adam"), (0.05, "sgd")):
            text = DIGITS + f"model: {{hidden_dim: 64, dropout: 0.1}}\noptimizer: {{kind: {kind}}}\n"
            yield "healthy", f"digits-{kind}-{seed}", text + f"epochs: 12\nbatch_size: 32\nlearning_rate: {rate}\nseed: {seed}\n"
    for seed in range(2):
        text = DIGITS + "model: {hidden_dim: 32}\noptimizer: {kind: adam}\n"
        yield "healthy", f"digits-small-{seed}", text + f"epochs: 10\nbatch_size: 64\nlearning_rate: 0.002\nseed: {seed}\n"
    for seed in range(3):
        text = DIGITS + "model: {hidden_dim: 64}\noptimizer: {kind: sgd}\n"
        yield "stuck", f"digits-tiny-rate-{seed}", text + f"epochs: 10\nbatch_size: 32\nlearning_rate: 1.0e-7\nseed: {seed}\n"
    for seed in range(4):
        # A good start, then a rate that blows everything up.
        text = DIGITS + "model: {hidden_dim: 64}\noptimizer: {kind: adam}\n"
        text += "scheduler: {kind: warmup, warmup_steps: 400}\n"
        yield "diverging", f"digits-rate-{seed}", text + f"epochs: 14\nbatch_size: 32\nlearning_rate: {0.6 + 0.2 * seed}\nseed: {seed}\n"
    for seed in range(5):
        text = FEW + "model: {hidden_dim: 512}\noptimizer: {kind: adam}\n"
        yield "overfitting", f"digits-few-{seed}", text + f"epochs: 120\nbatch_size: 16\nlearning_rate: 0.003\nseed: {seed}\n"


def main():
    program = sys.argv[1]
    for label, name, text in runs():
        with tempfile.TemporaryDirectory() as directory:
            home = Path(directory)
            (home / "config.yaml").write_text(text)
            done = subprocess.run([program, "train", home / "config.yaml", "--home", home, "--quiet"], capture_output=True, text=True)
            said = subprocess.run([program, "logs", "@latest", "--points", "--json", "--home", home], capture_output=True, text=True)
            points = [json.loads(line) for line in said.stdout.splitlines()]
            points = [p for p in points if p.get("metric") in KEEP]
            if not points:
                sys.exit(f"{name}: {done.stderr}{said.stderr}")
            with open(HERE / f"{label}-{name}.csv", "w", newline="") as file:
                out = csv.writer(file, lineterminator="\n")
                for p in points:
                    value = p["value"]
                    out.writerow([p["metric"], p["step"], f"{float(value):.5g}"])
            print(label, name, len(points), "points", done.stderr.strip()[:100])


main()
