"""A plain PyTorch training on one thread, for so many seconds: steps a second, after a warm-up. It logs nothing itself."""
import argparse
import json
import time

import torch

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=5.0)
args = parser.parse_args()

torch.manual_seed(0)
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
x, y = torch.randn(128, 256), torch.randint(0, 10, (128,))


def steps(seconds):
    made, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(20):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        made += 20
    return made


steps(1.0)
start = time.perf_counter()
made = steps(args.seconds)
print(json.dumps({"steps_per_s": made / (time.perf_counter() - start)}))
