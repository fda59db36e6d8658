"""Writes the files beside it as NumPy and Arrow write them. Needs numpy and pyarrow.

Run in this directory: python write.py
"""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

count = 40
rows = np.arange(count)

# What each format's test expects of row i is said here and there.
images = ((rows[:, None, None] * 6 + np.arange(6).reshape(2, 3)) % 256).astype(np.uint8)
np.savez_compressed("images.npz", x=images, y=(rows % 3).astype(np.int64))
np.savez("values.npz", x=(rows[:, None] * [0.5, -1.0]), y=(rows * 2.0).astype(np.float32))
np.save("fortran.npy", np.asfortranarray((rows[:, None] * 10.0 + np.arange(4))))
np.save("labels.npy", rows % 2 == 0)

table = pa.table(
    {
        "small": pa.array(rows, pa.int8()),
        "unsigned": pa.array(rows + 4_000_000_000, pa.uint32()),
        "real": pa.array(rows / 4, pa.float64()),
        "flag": pa.array(rows % 2 == 1),
        "colour": pa.array([["red", "green", "blue"][i % 3] for i in rows]),
        "kind": pa.array([["yes", "no"][i // 3 % 2] for i in rows]),
        "holes": pa.array([None if i == 7 else float(i) for i in rows], pa.float32()),
        "day": pa.array(rows.astype("datetime64[D]")),
        "list": pa.array([[int(i)] for i in rows]),
    }
)
# Several row groups, and every compression that is read.
for compression in ["none", "snappy", "zstd", "gzip"]:
    pq.write_table(table, f"{compression}.parquet", compression=compression, row_group_size=16)
