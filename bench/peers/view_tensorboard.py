"""A run for TensorBoard, with its own writer of records."""
import os
import time

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from view_values import arguments, done, walk

directory, points, series = arguments()
began = time.time() - points
with open(os.path.join(directory, "events.out.tfevents.1.bench"), "wb", buffering=1 << 20) as file:
    writer = RecordWriter(file)
    writer.write(Event(wall_time=began, file_version="brain.Event:2").SerializeToString())
    columns = [(f"bench/m{at}", walk(at, points).tolist()) for at in range(series)]
    for step in range(points):
        for name, values in columns:
            value = Summary.Value(tag=name, simple_value=values[step])
            writer.write(Event(wall_time=began + step, step=step, summary=Summary(value=[value])).SerializeToString())
done(run=".")
