"""A small program for bench/shots: real numbers of a real (if small) piece of work, a logistic regression by gradient
descent in plain Python, with everything that a program may say.

usage: aether run -- python3 bench/demo/demo.py [--seconds N]
"""
import argparse
import math
import random
import struct
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk" / "python"))
import aether  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("--seconds", type=float, default=4.0, help="how long it goes on")
arguments.add_argument("--rate", type=float, default=0.15)
seconds, rate = vars(arguments.parse_args()).values()

random.seed(11)
WIDTH = 24
truth = [random.gauss(0, 1) for _ in range(WIDTH)]
points = []
for _ in range(900):
    x = [random.gauss(0, 1) for _ in range(WIDTH)]
    points.append((x, float(sum(a * b for a, b in zip(truth, x)) + random.gauss(0, 0.8) > 0)))
train, test = points[:700], points[700:]


def forward(weights, x):
    return 1 / (1 + math.exp(-max(-30, min(30, sum(a * b for a, b in zip(weights, x))))))


def measure(weights, data):
    loss = right = 0.0
    for x, y in data:
        p = min(1 - 1e-7, max(1e-7, forward(weights, x)))
        loss -= y * math.log(p) + (1 - y) * math.log(1 - p)
        right += (p > 0.5) == (y > 0.5)
    return loss / len(data), right / len(data)


def picture(weights):
    """The weights as a PNG of 6 by 4 grey squares of 16 pixels."""
    top = max(abs(weight) for weight in weights)
    grey = [int(127 + 127 * weight / top) for weight in weights]
    rows = b"".join(b"\0" + bytes(grey[6 * (y // 16) + x // 16] for x in range(96)) for y in range(64))

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 96, 64, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


aether.init(project="demo", name="logistic", config={"rate": rate, "width": WIDTH, "optimizer": {"kind": "sgd", "momentum": 0.0}}, tags=["demo"])
weights = [random.gauss(0, 1) for _ in range(WIDTH)]
end = time.monotonic() + seconds
step = 0
while time.monotonic() < end:
    x, y = random.choice(train)
    error = forward(weights, x) - y
    # One step of a much too great rate: the spike that a chart must not hide.
    now = rate * (40 if step == 700 else 1) / (1 + step / 2000)
    for at in range(WIDTH):
        weights[at] -= now * error * x[at]
    p = min(1 - 1e-7, max(1e-7, forward(weights, x)))
    aether.log({"train/loss": -(y * math.log(p) + (1 - y) * math.log(1 - p)), "train/error": abs(error), "rate": now}, step=step)
    if step % 100 == 0:
        loss, accuracy = measure(weights, test)
        aether.log({"test/loss": loss, "test/accuracy": accuracy}, step=step)
        aether.log_histogram("weights", weights, step=step)
        colour = 32 if accuracy > 0.85 else 33
        print(f"\033[2m{step:6d}\033[0m  test loss \033[1m{loss:.4f}\033[0m  accuracy \033[{colour}m{accuracy:.3f}\033[0m", flush=True)
    if step % 1000 == 0:
        aether.log_image("weights as an image", picture(weights), step=step)
    if step == 700:
        print("\033[31mwarning:\033[0m the rate was 40 times too great in step 700", file=sys.stderr, flush=True)
        aether.alert("The rate jumped", "Step 700 was made with a rate 40 times too great.", level="warning")
    step += 1
    time.sleep(0.001)
table = Path(tempfile.mkdtemp()) / "weights.csv"
table.write_text("feature,weight,truth\n" + "".join(f"{at},{weight:.4f},{real:.4f}\n" for at, (weight, real) in enumerate(zip(weights, truth))))
aether.log_artifact(table, "weights.csv", kind="table")
table.unlink()
table.parent.rmdir()
aether.log_text("notes", "Trained on 700 points, tested on 200.\nThe weights are in weights.csv.")
aether.finish()
