"""Runs and their metrics from a server that `aether dash` started, as pandas or polars frames where one is installed.

    from aether import api

    runs = api.runs("loss.min < 0.1", columns=["param.lr", "metric.loss.min"])
    loss = api.series("k3v9p0a7", "loss")

The server is `$AETHER_URL`, else `http://127.0.0.1:8420`; `$AETHER_TOKEN` is its token, where it asks for one. Everything
here works with the standard library alone; without pandas and polars, tables are lists of dictionaries.
"""

import array
import importlib
import json
import os
import struct
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

__all__ = ["ApiError", "Client", "alerts", "compare", "events", "output", "run", "runs", "series"]

_URL = "http://127.0.0.1:8420"
#: Points in one answer at most.
_MOST = 100_000
#: Rows of runs in one answer at most.
_ROWS = 5_000
_MAGIC = b"APS1"
_POINT = ("step", "time", "value")
_STRETCH = (
    "first_step", "first_time", "last_step", "last_time", "first", "last", "min", "max", "mean", "count", "nan",
    "infinite",
)

Block = Tuple[str, Dict[str, List[float]]]


class ApiError(Exception):
    """The server did not do what it was asked. `status` is that of HTTP, 0 where nobody answered."""

    def __init__(self, status: int, error: str, help: str = "") -> None:
        super().__init__(f"{error}; {help}" if help else error)
        self.status, self.error, self.help = status, error, help


class Client:
    """A server, by its address and token. `frames` is `pandas`, `polars` or `lists`; else what is installed."""

    def __init__(
        self, url: Optional[str] = None, token: Optional[str] = None, frames: Optional[str] = None,
        timeout: float = 60.0,
    ) -> None:
        url = url or os.environ.get("AETHER_URL") or _URL
        # The link that the server prints has the token behind a `#`.
        url, _, fragment = url.partition("#")
        if not token and fragment.startswith("token="):
            token = fragment[len("token="):]
        self.url = url.rstrip("/")
        self.token = token or os.environ.get("AETHER_TOKEN")
        if frames not in (None, "pandas", "polars", "lists"):
            raise ValueError(f"frames={frames!r}: it is 'pandas', 'polars' or 'lists'")
        self.frames = frames
        self.timeout = timeout

    def runs(
        self, query: str = "", *, sort: str = "-created", columns: Sequence[str] = (), limit: Optional[int] = None,
    ) -> Any:
        """Runs for which `query` holds, in the language of `aether runs`: a table with a column for each of `columns`
        (`param.NAME`, `metric.NAME`, `metric.NAME.min`, ...) beside the fixed ones."""
        names = ",".join(column.replace(",", ",,") for column in columns)
        rows: List[Dict[str, Any]] = []
        while limit is None or len(rows) < limit:
            most = _ROWS if limit is None else min(_ROWS, limit - len(rows))
            answer = self._json("/runs", q=query, sort=sort, columns=names, offset=len(rows), limit=most)
            for row in answer["runs"]:
                cells = row.pop("columns")
                rows.append({**row, **{column: _number(cells.get(column)) for column in columns}})
            if not answer["runs"] or len(rows) >= answer["matched"]:
                break
        return self._table(rows, times=("created", "ended"))

    def run(self, run: str) -> Dict[str, Any]:
        """All that is known of one run, by its id, the beginning of it, its name, or `@latest`."""
        return self._json(f"/runs/{_quoted(run)}")

    def series(
        self, run: str, *metrics: str, start: Optional[float] = None, stop: Optional[float] = None,
        x: str = "step", most: Optional[int] = None,
    ) -> Any:
        """Metrics of a run, all of them where none is named, as a table of `metric`, `step`, `time`, `value`: every
        point. With `most`, at most about so many rows a metric: where it has more points, a row is a stretch of them,
        with its ends, extremes and mean. `start` and `stop` are steps, milliseconds since 1970 (`x="time"`) or seconds
        since the run began (`x="relative"`)."""
        blocks: List[Block] = []
        if most is not None:
            blocks = self._blocks(run, metrics, x, start, stop, most)
        else:
            for block in self._blocks(run, metrics, x, start, stop, _MOST):
                blocks.extend(self._all_points(run, block))
        blocks = [_within(block, x, start, stop) for block in blocks]
        if any("value" not in columns for _, columns in blocks):
            # One table has one set of columns.
            blocks = [(name, columns if "first" in columns else _alone(columns)) for name, columns in blocks]
        return self._columns(blocks)

    def events(self, run: str) -> Any:
        """What happened in a run, as a table."""
        events: List[Dict[str, Any]] = []
        answer = self._json(f"/runs/{_quoted(run)}/events", limit=10_000)
        events.extend(answer["events"])
        rows = [
            {key: event.get(key) for key in ("time", "step", "kind", "severity", "message", "metric", "data")}
            for event in events
        ]
        return self._table(rows, times=("time",))

    def output(self, run: str, stream: str = "all") -> Iterator[Dict[str, Any]]:
        """The lines that a run's program printed, from the beginning."""
        place = 0
        while True:
            answer = self._json(f"/runs/{_quoted(run)}/output", stream=stream, **{"from": place}, lines=10_000)
            yield from answer["lines"]
            if answer["end"] <= place or answer["end"] >= answer["size"]:
                return
            place = answer["end"]

    def compare(self, *runs: str) -> Dict[str, Any]:
        """Runs side by side: their parameters and metrics."""
        return self._json("/compare", id=list(runs))

    def alerts(self, limit: int = 200) -> List[Dict[str, Any]]:
        """What asks for attention, of all runs, newest first."""
        return self._json("/alerts", limit=limit)["alerts"]

    def blob(self, digest: str) -> bytes:
        """A content that a run names."""
        return self._ask(f"/blobs/{_quoted(digest)}", {}, "*/*")

    def _all_points(self, run: str, block: Block) -> Iterator[Block]:
        """The points of a block, which the server tells in parts where it told stretches."""
        name, columns = block
        if "value" in columns:
            yield block
            return
        stretches = list(zip(columns["first_step"], columns["last_step"], columns["count"]))
        at = 0
        while at < len(stretches):
            first, last, count = stretches[at]
            at += 1
            # The neighbours on either side come along.
            while at < len(stretches) and count + stretches[at][2] <= _MOST - 2:
                last, count = stretches[at][1], count + stretches[at][2]
                at += 1
            for part in self._blocks(run, (name,), "step", first, last, _MOST):
                yield _within(part, "step", first, last)

    def _blocks(
        self, run: str, metrics: Sequence[str], x: str, start: Optional[float], stop: Optional[float], most: int,
    ) -> List[Block]:
        bounds = {"from": _exact(start), "to": _exact(stop)}
        asked = {"metric": list(metrics), "x": x, "most": most, **bounds}
        body = self._ask(f"/runs/{_quoted(run)}/series", asked, "application/vnd.aether.series")
        return list(_read_blocks(body))

    def _json(self, path: str, **parameters: Any) -> Any:
        return json.loads(self._ask(path, parameters, "application/json"))

    def _ask(self, path: str, parameters: Dict[str, Any], accept: str) -> bytes:
        said = {name: value for name, value in parameters.items() if value not in (None, "", [])}
        query = urllib.parse.urlencode(said, doseq=True)
        request = urllib.request.Request(f"{self.url}/api/v1{path}{'?' if query else ''}{query}")
        request.add_header("Accept", accept)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return answer.read()
        except urllib.error.HTTPError as failed:
            try:
                said = json.loads(failed.read())
                raise ApiError(failed.code, said["error"], said["help"]) from None
            except (ValueError, KeyError):
                raise ApiError(failed.code, f"{self.url} answers {failed.code}") from None
        except OSError as failed:
            raise ApiError(
                0, f"nobody answers at {self.url}: {failed}", "start `aether dash`, or say where it is in AETHER_URL"
            ) from None

    def _library(self) -> Any:
        """pandas or polars: the one that is asked for, that is imported already, or that is installed."""
        if self.frames == "lists":
            return None
        if self.frames is not None:
            return importlib.import_module(self.frames)
        names = sorted(("pandas", "polars"), key=lambda name: name not in sys.modules)
        for name in names:
            try:
                return importlib.import_module(name)
            except ImportError:
                continue
        return None

    def _table(self, rows: List[Dict[str, Any]], times: Sequence[str]) -> Any:
        library = self._library()
        if library is None:
            return rows
        if library.__name__ == "pandas":
            frame = library.DataFrame(rows)
            for name in times:
                if name in frame:
                    frame[name] = library.to_datetime(frame[name], utc=True, format="ISO8601")
            return frame
        # A column whose cells are of several kinds is one of texts.
        frame = library.DataFrame([{name: _plain(cell) for name, cell in row.items()} for row in rows],
                                  infer_schema_length=None, strict=False)
        known = [name for name in times if name in frame.columns and frame[name].dtype == library.String]
        return frame.with_columns(library.col(name).str.to_datetime(time_zone="UTC") for name in known)

    def _columns(self, blocks: List[Block]) -> Any:
        names = _STRETCH if any("first" in columns for _, columns in blocks) else _POINT
        table: Dict[str, List[Any]] = {"metric": [], **{name: [] for name in names}}
        for metric, columns in blocks:
            table["metric"].extend([metric] * len(columns[names[0]]))
            for name in names:
                whole = name.endswith("step") or name in ("count", "nan", "infinite")
                table[name].extend(map(int, columns[name]) if whole else columns[name])
        library = self._library()
        if library is None:
            return [dict(zip(table, row)) for row in zip(*table.values())]
        times = [name for name in names if name.endswith("time")]
        if library.__name__ == "pandas":
            frame = library.DataFrame(table)
            for name in times:
                frame[name] = library.to_datetime(frame[name], unit="ms", utc=True)
            return frame
        frame = library.DataFrame(table)
        epoch = [(library.col(name) * 1000).cast(library.Int64).cast(library.Datetime("us", "UTC")) for name in times]
        return frame.with_columns(epoch)


def _read_blocks(body: bytes) -> Iterator[Block]:
    """Blocks of columns: `openapi.yaml` describes them."""
    at = 0
    while at < len(body):
        kind, length, count = struct.unpack_from("<4xBxxxII", body, at)
        if body[at:at + 4] != _MAGIC:
            raise ApiError(0, "the server's answer is no series", "its version is another one than this package's")
        name = body[at + 16:at + 16 + length].decode()
        at = (at + 16 + length + 7) & ~7
        columns: Dict[str, List[float]] = {}
        for column in _POINT if kind == 0 else _STRETCH:
            numbers = array.array("d", body[at:at + 8 * count])
            if sys.byteorder == "big":
                numbers.byteswap()
            columns[column] = numbers.tolist()
            at += 8 * count
        yield name, columns


def _within(block: Block, x: str, start: Optional[float], stop: Optional[float]) -> Block:
    """Without the neighbours of the part. Of times relative to the run's beginning the server knows the bounds alone."""
    name, columns = block
    key = {"step": "step", "time": "time"}.get(x)
    if "value" not in columns or key is None or (start is None and stop is None):
        return block
    low = float("-inf") if start is None else start
    high = float("inf") if stop is None else stop
    kept = [at for at, value in enumerate(columns[key]) if low <= value <= high]
    return name, {column: [values[at] for at in kept] for column, values in columns.items()}


def _alone(columns: Dict[str, List[float]]) -> Dict[str, List[float]]:
    """Points as stretches of one point each."""
    steps, times, values = columns["step"], columns["time"], columns["value"]
    finite = [value if value - value == 0 else float("nan") for value in values]
    nan = [float(value != value) for value in values]
    infinite = [float(value in (float("inf"), float("-inf"))) for value in values]
    ones = [1.0] * len(values)
    each = (steps, times, steps, times, values, values, finite, finite, finite, ones, nan, infinite)
    return dict(zip(_STRETCH, each))


def _exact(number: Optional[float]) -> Optional[str]:
    """A bound as the server reads it: no digit less, and no exponent."""
    return None if number is None else f"{number:f}".rstrip("0").rstrip(".")


def _number(cell: Any) -> Any:
    """A number that JSON does not have, from the text for it."""
    return {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.get(cell, cell) \
        if isinstance(cell, str) else cell


def _plain(cell: Any) -> Any:
    return json.dumps(cell) if isinstance(cell, (dict, list)) else cell


def _quoted(text: str) -> str:
    return urllib.parse.quote(str(text), safe="")


def runs(query: str = "", **more: Any) -> Any:
    """As `Client.runs`, of the server that the environment names."""
    return Client().runs(query, **more)


def run(run: str) -> Dict[str, Any]:
    """As `Client.run`, of the server that the environment names."""
    return Client().run(run)


def series(run: str, *metrics: str, **more: Any) -> Any:
    """As `Client.series`, of the server that the environment names."""
    return Client().series(run, *metrics, **more)


def events(run: str) -> Any:
    """As `Client.events`, of the server that the environment names."""
    return Client().events(run)


def output(run: str, stream: str = "all") -> Iterator[Dict[str, Any]]:
    """As `Client.output`, of the server that the environment names."""
    return Client().output(run, stream)


def compare(*runs: str) -> Dict[str, Any]:
    """As `Client.compare`, of the server that the environment names."""
    return Client().compare(*runs)


def alerts(limit: int = 200) -> List[Dict[str, Any]]:
    """As `Client.alerts`, of the server that the environment names."""
    return Client().alerts(limit)
