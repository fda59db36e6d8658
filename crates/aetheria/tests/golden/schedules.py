"""Writes schedules.json: the learning rates of torch.optim.lr_scheduler with a peak rate of 1.

Run with a Python that has PyTorch: python schedules.py > schedules.json
"""

import json

import torch
from torch.optim import lr_scheduler as s

STEPS = 60


def rates(make, initial=1.0):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=initial)
    scheduler = make(optimizer)
    out = []
    for _ in range(STEPS):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return out


def warm(after):
    return lambda o: s.SequentialLR(
        o, [s.LinearLR(o, start_factor=0.1, total_iters=10), after(o)], milestones=[10]
    )


print(json.dumps({
    "torch": torch.__version__,
    "warmup": rates(lambda o: s.LinearLR(o, start_factor=0.1, total_iters=10)),
    "cosine": rates(lambda o: s.CosineAnnealingLR(o, T_max=60, eta_min=0.05)),
    "warmup_cosine": rates(warm(lambda o: s.CosineAnnealingLR(o, T_max=50, eta_min=0.0))),
    "step": rates(lambda o: s.StepLR(o, step_size=7, gamma=0.5)),
    "warmup_step": rates(warm(lambda o: s.StepLR(o, step_size=7, gamma=0.5))),
    "one_cycle": rates(lambda o: s.OneCycleLR(o, max_lr=1.0, total_steps=61, pct_start=0.3)),
    "one_cycle_odd": rates(
        lambda o: s.OneCycleLR(o, max_lr=1.0, total_steps=61, pct_start=0.25, div_factor=10, final_div_factor=100)
    ),
}, indent=1))
