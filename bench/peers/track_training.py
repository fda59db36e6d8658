"""A plain PyTorch training on one thread, a stretch of steps at a time, whenever the benchmark asks for one over a socket.
It logs nothing itself. Each answer is the stretch's wall time, and the processor time of this process in it; the last one
is the processor time that its parent, under `aether run` the supervisor, has used since the first one."""
import argparse
import json
import os
import resource
import socket
import time

import torch

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("socket")
args = parser.parse_args()

torch.manual_seed(0)
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
x, y = torch.randn(128, 256), torch.randint(0, 10, (128,))


def train(steps):
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def processor_seconds_of_parent():
    fields = open(f"/proc/{os.getppid()}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


train(500)
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(args.socket)
    lines = peer.makefile("rw", buffering=1)
    before = processor_seconds_of_parent()
    for line in lines:
        steps = int(line)
        if steps == 0:
            print(json.dumps(processor_seconds_of_parent() - before), file=lines)
            break
        start, used = time.perf_counter(), processor_seconds()
        train(steps)
        print(json.dumps([time.perf_counter() - start, processor_seconds() - used]), file=lines)
