"""TensorBoard's SummaryWriter, PyTorch's: one call a metric, for it has no call for several."""
from track_loop import main
from torch.utils.tensorboard import SummaryWriter


def begin(directory):
    writer = SummaryWriter(directory)

    def log(row, step):
        for name, value in row.items():
            writer.add_scalar(name, value, step)

    return log, writer.close


main(begin)
