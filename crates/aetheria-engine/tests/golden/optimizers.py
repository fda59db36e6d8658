"""Makes optimizers.json: 50 steps of torch.optim on given gradients. Needs torch."""

import json
import pathlib

import torch

torch.manual_seed(0)
PARAMETERS, STEPS, SCALE = 7, 50, 0.25
start = torch.randn(PARAMETERS)
gradients = torch.randn(STEPS, PARAMETERS) * torch.tensor([1e-6, 1e-2, 1.0, 1.0, 1.0, 30.0, 1e4])
rates = [0.01 * (1 + step % 3) for step in range(STEPS)]

adam = {"betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0}
cases = [
    {"kind": "sgd"},
    {"kind": "sgd", "weight_decay": 0.1},
    {"kind": "sgd", "momentum": 0.9, "weight_decay": 0.01},
    {"kind": "sgd", "momentum": 0.9, "nesterov": True},
    {"kind": "adam", **adam},
    {"kind": "adam", **adam, "weight_decay": 0.1, "betas": [0.8, 0.99], "eps": 1e-6},
    {"kind": "adamw", **adam, "weight_decay": 0.1},
]
classes = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}

results = []
for case in cases:
    parameters = torch.nn.Parameter(start.clone())
    options = {name: value for name, value in case.items() if name != "kind"}
    optimizer = classes[case["kind"]]([parameters], lr=rates[0], foreach=False, fused=False, **options)
    trace = []
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = rates[step]
        parameters.grad = gradients[step] * SCALE
        optimizer.step()
        if step + 1 in (1, 2, 10, STEPS):
            trace.append({"step": step + 1, "parameters": parameters.tolist()})
    results.append({"optimizer": case, "trace": trace})

document = {
    "torch": torch.__version__,
    "scale": SCALE,
    "start": start.tolist(),
    "rates": rates,
    "gradients": gradients.tolist(),
    "results": results,
}
path = pathlib.Path(__file__).with_name("optimizers.json")
path.write_text(json.dumps(document) + "\n")
