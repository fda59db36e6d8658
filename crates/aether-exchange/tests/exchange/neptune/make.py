"""Writes `exports/` anew with the Neptune exporter's own code: what Neptune's client would return goes in, and what the
exporter makes of it comes out. It is on no package index; these files are of its commit 8d3f44a.

usage: PYTHONPATH=CHECKOUT/src make.py     needs neptune-query, neptune, pyarrow<22, pandas, rich<14
"""
import shutil
from math import inf, nan
from pathlib import Path

import pandas as pd
from neptune_exporter.exporters.error_reporter import ErrorReporter
from neptune_exporter.exporters.neptune3 import Neptune3Exporter
from neptune_exporter.storage.parquet_writer import ParquetWriter
from neptune_exporter.utils import sanitize_path_part
from neptune_query.types import Histogram

PROJECT, RUN = "team/digits", "kind-otter"
# One grey pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63680000008200"
    "8177cd72b60000000049454e44ae426082"
)
out = Path(__file__).parent / "exports"
shutil.rmtree(out, ignore_errors=True)
exporter = Neptune3Exporter(ErrorReporter(out / "errors"))


def at(second):
    return pd.Timestamp(2025, 1, 1, 0, 0, second, tz="UTC")


def series(values):
    """What `fetch_metrics` and `fetch_series` return: {attribute: {step: value}}."""
    columns = {}
    for name, of in values.items():
        columns[(name, "value")] = pd.Series(of, dtype=object)
        columns[(name, "absolute_time")] = pd.Series({step: at(int(step)) for step in of}, dtype="datetime64[ns, UTC]")
    frame = pd.DataFrame(columns)
    frame.index = pd.MultiIndex.from_tuples([(RUN, float(step)) for step in frame.index], names=["run", "step"])
    return frame


parameters = pd.DataFrame(
    {
        "lr:float": [0.1],
        "layers:int": [3],
        "note:string": ["größe\n\"one\""],
        "frozen:bool": [False],
        "data/made:datetime": [at(7)],
        "sys/creation_time:datetime": [at(0)],
        "sys/name:string": ["first"],
        "sys/hostname:string": ["node-1"],
        "sys/failed:bool": [True],
        "sys/tags:string_set": [["x", "y"]],
        "sys/group_tags:string_set": [["all"]],
    },
    index=pd.Index([RUN], name="run"),
)
metrics = series({
    "metrics/loss": {0: 0.5, 1: nan, 2: inf, 3: -inf, 4: -0.0},
    "metrics/half": {0.5: 1.0, 1.5: 2.0},
})
texts = {"log": {0: "hello", 1: "world\n"}, "weights": {3: Histogram("COUNTING", [0.0, 0.5, 2.0], [3.0, 1.0])}}

root = out / "files" / sanitize_path_part(PROJECT)
files = {"model/weights": "weights.bin", "sample": "sample/step_2.png", "lost": "lost.bin"}
(root / "sample").mkdir(parents=True)
(root / files["model/weights"]).write_bytes(b"weights")
(root / files["sample"]).write_bytes(PNG)


def paths(step, *names):
    """What `download_files` returns."""
    index = pd.MultiIndex.from_tuples([(RUN, step)], names=["run", "step"])
    return pd.DataFrame({name: [str(root / files[name])] for name in names}, index=index)


def of_files(kind, frame, times=None):
    return exporter._convert_files_to_schema(
        downloaded_files_df=frame, project_id=PROJECT, attribute_type=kind, file_series_df=times, destination=root
    )


with ParquetWriter(out / "data").run_writer(PROJECT, RUN) as writer:
    for frame in [
        exporter._convert_parameters_to_schema(parameters, PROJECT),
        exporter._convert_metrics_to_schema(metrics, PROJECT),
        exporter._convert_series_to_schema(
            series(texts), PROJECT, [("log", "string_series"), ("weights", "histogram_series")]
        ),
        of_files("file", paths(None, "model/weights", "lost")),
        of_files("file_series", paths(2.0, "sample"), series({"sample": {2: "sample"}})),
    ]:
        writer.save(exporter._record_batch_from_pandas(frame))
exporter.close()
