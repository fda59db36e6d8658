"""A run for aim, with its own client."""
from aim import Run
from view_values import arguments, done, walk

directory, points, series = arguments()
run = Run(repo=directory, system_tracking_interval=None, capture_terminal_logs=False)
for at in range(series):
    for step, value in enumerate(walk(at, points).tolist()):
        run.track(value, name=f"bench/m{at}", step=step)
run.close()
done(run=run.hash)
