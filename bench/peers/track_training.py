"""A plain PyTorch training on one thread, a few steps at a time, whenever the benchmark asks for them over a socket.
It logs nothing itself. Each answer is the steps' wall time, and the processor time of this process so far; asked to
`move`, it goes on with all that it reads and writes elsewhere in memory. To `end` it answers with the processor time that
its parent, under `aether run` the supervisor, has used since it began."""
import argparse
import json
import os
import random
import resource
import socket
import time

import torch

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("socket")
args = parser.parse_args()

torch.manual_seed(0)
torch.set_num_threads(1)
# Every such process trains on the same core; whatever other threads there are, are free to run elsewhere.
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
between = []  # what lies in memory between what is trained with
x, y = torch.randn(128, 256), torch.randint(0, 10, (128,))


def train(steps):
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def move():
    """Where its memory lies makes a training faster or slower by more than what is measured."""
    global x, y

    def elsewhere(tensor):
        between.append(bytearray(random.randrange(1 << 10, 1 << 18)))
        return tensor.detach().clone()

    for parameter in model.parameters():
        parameter.data = elsewhere(parameter)
        state = optimizer.state[parameter]
        state.update({name: elsewhere(tensor) for name, tensor in state.items() if tensor.numel() > 1})
    optimizer.zero_grad()
    x, y = elsewhere(x), elsewhere(y)
    del between[:-20:2]


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def processor_seconds_of_parent():
    fields = open(f"/proc/{os.getppid()}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


train(200)
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(args.socket)
    lines = peer.makefile("rw", buffering=1)
    before = processor_seconds_of_parent()
    for line in lines:
        asked = line.strip()
        if asked == "end":
            print(json.dumps(processor_seconds_of_parent() - before), file=lines)
            break
        if asked == "move":
            move()
        start = time.perf_counter()
        train(1 if asked == "move" else int(asked))
        print(json.dumps([time.perf_counter() - start, processor_seconds()]), file=lines)
