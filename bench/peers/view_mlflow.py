"""A run for MLflow: made by its client, its points put into its tables at once, for which it has no call."""
import sqlite3
import time

import mlflow
from view_values import arguments, done, walk

directory, points, series = arguments()
mlflow.set_tracking_uri(f"sqlite:///{directory}/mlflow.db")
with mlflow.start_run() as run:
    for at in range(series):
        mlflow.log_metric(f"bench/m{at}", 0.0, step=0)
began = int(1000 * time.time())
with sqlite3.connect(f"{directory}/mlflow.db") as database:
    database.execute("DELETE FROM metrics")
    for at in range(series):
        values = walk(at, points).tolist()
        rows = ((f"bench/m{at}", value, began + step, run.info.run_id, step, 0) for step, value in enumerate(values))
        database.executemany("INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.execute(
            "UPDATE latest_metrics SET value = ?, timestamp = ?, step = ? WHERE key = ? AND run_uuid = ?",
            (values[-1], began + points - 1, points - 1, f"bench/m{at}", run.info.run_id),
        )
done(run=run.info.run_id, experiment=run.info.experiment_id)
