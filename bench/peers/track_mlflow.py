"""MLflow on SQLite, without a server."""
from track_loop import main
import mlflow


def begin(directory):
    mlflow.set_tracking_uri(f"sqlite:///{directory}/mlflow.db")
    mlflow.start_run()
    return lambda row, step: mlflow.log_metrics(row, step=step), mlflow.end_run


main(begin)
