"""Says a point when it is told to: waits for a line in the first named pipe, logs, and says in the second when it did,
in milliseconds since 1970."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk" / "python"))
import aether  # noqa: E402

home, go, said = sys.argv[1:]
run = aether.init(project="bench", name="point", dir=home)
run.log({"value": 1.0}, step=0)
run.flush()
Path(go).read_text()
at = 1000 * time.time()
run.log({"value": 123.25}, step=1)
Path(said).write_text(f"{at}\n")
time.sleep(5)
run.finish()
