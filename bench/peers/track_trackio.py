"""trackio, local."""
import os

from track_loop import main


def begin(directory):
    os.environ["TRACKIO_DIR"] = directory
    import trackio

    trackio.init(project="bench", embed=False)
    return lambda row, step: trackio.log(row, step=step), trackio.finish


main(begin)
