"""Lightning's side of the training benchmark: its Trainer over W1, with what `aether train` does too: a progress line,
a metric logged each step, a logger that writes files.

usage: lightning_train.py [--steps 2000] [--threads 2]

Prints one JSON line: microseconds a step, from the first batch's start to the last one's end. Less the bare PyTorch
step, that is what the loop costs.
"""
import argparse
import json
import logging
import tempfile
import time
import warnings

import lightning
import torch
from torch.utils.data import DataLoader, Dataset

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Cycled(Dataset):
    """Eight batches made once and cycled: what loading data costs stays out, as for the others."""

    def __init__(self, steps):
        self.steps, self.batches = steps, [(torch.randn(64, 10), torch.randn(64, 1)) for _ in range(8)]

    def __len__(self):
        return self.steps

    def __getitem__(self, i):
        return self.batches[i % 8]


class W1(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.model = torch.nn.Sequential(torch.nn.Linear(10, 128), torch.nn.ReLU(), torch.nn.Linear(128, 1))

    def training_step(self, batch, _):
        loss = torch.nn.functional.mse_loss(self.model(batch[0]), batch[1])
        self.log("loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3, fused=True)


class Clock(lightning.Callback):
    def on_train_batch_start(self, trainer, module, batch, index):
        if index == WARM:
            self.start = time.perf_counter()

    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        self.end = time.perf_counter()


WARM = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    clock = Clock()
    with tempfile.TemporaryDirectory() as directory:
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_epochs=1,
            callbacks=[clock],
            logger=lightning.pytorch.loggers.CSVLogger(directory),
            enable_checkpointing=False,
            enable_model_summary=False,
        )
        trainer.fit(W1(), DataLoader(Cycled(args.steps + WARM), batch_size=None))
    us = (clock.end - clock.start) / args.steps * 1e6
    print(json.dumps({"lightning": lightning.__version__, "threads": args.threads, "us_per_step": us}))


main()
