"""W&B, offline."""
import os

from track_loop import main

os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true")
import wandb


def begin(directory):
    run = wandb.init(project="bench", dir=directory)
    return lambda row, step: run.log(row, step=step), run.finish


main(begin)
