"""A run for trackio: made by its client, its points put into its table at once, for which it has no call."""
import datetime
import glob
import json
import os
import sqlite3

from view_values import arguments, done, walk

directory, points, series = arguments()
os.environ["TRACKIO_DIR"] = directory
import trackio  # noqa: E402  (it reads the environment when it is imported)

trackio.init(project="bench", name="long", embed=False)
trackio.log({f"bench/m{at}": 0.0 for at in range(series)}, step=0)
trackio.finish()
(path,) = glob.glob(os.path.join(directory, "*.db"))
columns = [walk(at, points).tolist() for at in range(series)]
began = datetime.datetime.now(datetime.timezone.utc)
with sqlite3.connect(path) as database:
    run_id, name = database.execute("SELECT run_id, run_name FROM metrics").fetchone()
    database.execute("DELETE FROM metrics")
    rows = (
        (run_id, (began + datetime.timedelta(milliseconds=step)).isoformat(), name, step,
         json.dumps({f"bench/m{at}": values[step] for at, values in enumerate(columns)}))
        for step in range(points)
    )
    database.executemany("INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?, ?)", rows)
done(run=name)
