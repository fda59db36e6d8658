"""aim, in a repository of its own."""
from track_loop import main
from aim import Run


def begin(directory):
    run = Run(repo=directory, system_tracking_interval=None, capture_terminal_logs=False)

    def log(row, step):
        for name, value in row.items():
            run.track(value, name=name, step=step)

    return log, run.close


main(begin)
