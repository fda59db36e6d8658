"""Writes gradients.json: losses and gradients of small networks as PyTorch computes them in double precision.

usage: python gradients.py > gradients.json

Parameters and inputs are not stored: both sides compute them as sin(0.7 i + number). Weights are written
[inputs, outputs], the transpose of PyTorch's.
"""
import json
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
BATCH, INPUTS = 6, 5


def wave(shape, number):
    count = math.prod(shape)
    return torch.tensor([math.sin(0.7 * i + number) for i in range(count)]).reshape(shape)


class Params:
    """Parameters in the order in which they are asked for."""

    def __init__(self):
        self.all = []

    def __call__(self, *shape):
        param = wave(shape, len(self.all)).requires_grad_()
        self.all.append(param)
        return param

    def linear(self, x, outputs):
        weight, bias = self(x.shape[-1], outputs), self(outputs)
        return x @ weight + bias

    def norm(self, x):
        weight, bias = self(x.shape[-1]), self(x.shape[-1])
        return F.layer_norm(x, x.shape[-1:], weight, bias)


def sandwich(middle):
    def network(p, x):
        return p.linear(middle(p, p.linear(x, 4)), 3)

    return network


def attention(p, x):
    a = x.reshape(BATCH, 2, 2)
    scores = a @ a.transpose(1, 2)
    return (torch.exp(scores) / torch.exp(scores).sum(2, keepdim=True) @ a).reshape(BATCH, 4)


UNARY = {
    "neg": torch.neg, "abs": torch.abs, "square": torch.square, "exp": torch.exp, "relu": torch.relu,
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "erf": torch.erf, "gelu": F.gelu, "silu": F.silu,
}
POSITIVE = {"sqrt": torch.sqrt, "recip": torch.reciprocal, "log": torch.log}
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div,
    "max": torch.maximum, "min": torch.minimum,
}

networks = {
    **{name: sandwich(lambda p, x, f=f: f(x)) for name, f in UNARY.items()},
    **{name: sandwich(lambda p, x, f=f: f(x * x + 0.5)) for name, f in POSITIVE.items()},
    **{name: sandwich(lambda p, x, f=f: f(x, p(4) + 2.0)) for name, f in BINARY.items()},
    "layer_norm": sandwich(lambda p, x: p.norm(x)),
    "sum": sandwich(lambda p, x: torch.tanh(x.sum(0, keepdim=True)) + x),
    "fold_max": sandwich(lambda p, x: x.amax(1, keepdim=True) * x),
    "permute": sandwich(lambda p, x: (x.t() * p(BATCH)).t()),
    "attention": sandwich(attention),
}


def main():
    golden = {}
    for name, network in networks.items():
        for task in ["values", "classes"]:
            p = Params()
            output = network(p, wave((BATCH, INPUTS), 50))
            if task == "values":
                loss = F.mse_loss(output, wave((BATCH, 3), 60))
            else:
                loss = F.cross_entropy(output, torch.arange(BATCH) % 3)
            loss.backward()
            gradients = [[round(x, 9) for x in param.grad.flatten().tolist()] for param in p.all]
            golden[f"{name} {task}"] = {"loss": loss.item(), "gradients": gradients}
    print("{")
    print(",\n".join(f'"{name}": {json.dumps(entry)}' for name, entry in golden.items()))
    print("}")


main()
