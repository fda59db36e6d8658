"""A run: what a program says about itself, and the record of it."""

import itertools
import os
import platform
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Iterator, List, Mapping, MutableMapping, Optional, Sequence, Tuple, Type, Union

from . import blobs, ending, histograms, home, images, masking, records, values
from .writer import Writer

_MAX_STEP = (1 << 64) - 1
#: Texts are cut here, so that their event fits a frame whatever characters they have.
_MAX_TEXT = 300_000

PathLike = Union[str, "os.PathLike[str]"]


class Values(MutableMapping[str, Any]):
    """What was said of a run under names: its parameters, or its summary. Each change is said at once; a call adds
    several: `run.config(lr=0.1)`, `run.config({"lr": 0.1})`."""

    def __init__(self, run: "Run", kind: str) -> None:
        self._run, self._kind = run, kind
        self._values: Dict[str, Any] = {}

    def __call__(self, values: Optional[Mapping[str, Any]] = None, **more: Any) -> "Values":
        self.update(values or {}, **more)
        return self

    def update(self, *args: Any, **more: Any) -> None:
        given: Dict[str, Any] = {}
        for values in args:
            # `argparse` and its likes keep what they parsed as attributes.
            plain = values if hasattr(values, "keys") or not hasattr(values, "__dict__") else vars(values)
            given.update(plain)
        given.update(more)
        added = {str(name): records.plain(value) for name, value in given.items()}
        if added:
            self._values.update(added)
            self._run.event(self._kind, fields=added)

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __delitem__(self, name: str) -> None:
        raise TypeError("what was said cannot be taken back; say another value")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


class Run:
    """One execution of a program. Its methods may be called by any thread and, after a fork, in the child; none raises
    for what a disk does. Made by `aether.init`."""

    def __init__(
        self,
        project: str,
        name: Optional[str],
        tags: Sequence[str],
        directory: Optional[Path],
        root: Path,
        session: int = 0,
    ) -> None:
        self.project, self.root = project, root
        self.tags: List[str] = list(tags)
        self.config = Values(self, "config")
        self.summary = Values(self, "summary")
        self._owner = directory is None  # else whoever began the run keeps its record
        self._directory = directory
        self._name = name
        self._session = session
        self._record: Dict[str, Any] = {}
        self._placing = threading.RLock()
        self._steps: Iterator[int] = itertools.count()
        self._explicit: Optional[int] = None  # the step that the next one follows, if somebody gave it
        self._at = 0
        self._pid = os.getpid()
        self._finished = False
        self._end: Optional[Tuple[str, Optional[str]]] = None
        self._said: set = set()  # type: ignore[type-arg]
        self._use(Writer(self._place, session))
        ending.watch(self)
        if self._owner:
            try:
                self._place()
            except OSError as error:
                self._say_once("place", f"the run cannot be kept below {root} ({error}); it is tried again, the program goes on")

    # -- where it is ---------------------------------------------------------------------------------------------

    @property
    def directory(self) -> Optional[Path]:
        """Its directory; None while there is none, because the home cannot be written to."""
        return self._directory

    @property
    def id(self) -> Optional[str]:
        return self._directory.name if self._directory else None

    @property
    def step(self) -> int:
        """The last step that it was said something at."""
        return self._at

    @property
    def name(self) -> Optional[str]:
        return self._name or self.id

    def _place(self) -> Path:
        """The run's directory, made and with a record in it if this process owns the run. Raises OSError."""
        with self._placing:
            if self._directory is None:
                run_id, directory = home.make_run_directory(self.root, self.project)
                self._record = self._first_record(run_id)
                home.write_record(directory, self._record)
                self._directory = directory
            return self._directory

    def _first_record(self, run_id: str) -> Dict[str, Any]:
        try:
            here = os.getcwd()
        except OSError:  # it was removed
            here = "/"
        environment: Dict[str, Any] = {"python": platform.python_version()}
        git = home.git_facts(here)
        if git:
            environment["git"] = git
        script = sys.argv[0] if getattr(sys, "argv", None) else ""
        return {
            "id": run_id,
            "name": self._name or (Path(script).stem if script not in ("", "-c", "-m") else "python"),
            "project": self.project,
            "kind": "script",
            "state": "running",
            "spec": {},
            "command": masking.command([sys.executable, *getattr(sys, "argv", [])]),
            "directory": here,
            "host": home.host(),
            "pid": os.getpid(),
            "pid_start": home.pid_start(),
            "created": home.now(),
            "ended": None,
            "reason": None,
            "resumed": 0,
            "tags": self.tags,
            "environment": environment,
            "artifacts": [],
        }

    def _use(self, writer: Writer) -> None:
        self._writer = writer
        self._row = writer.row  # by itself, for it is called at every step

    # -- saying --------------------------------------------------------------------------------------------------

    def log(self, metrics: Mapping[str, Any], step: Optional[int] = None) -> None:
        """Says values of metrics at a step: at the given one, which may repeat or go back, else at the next one.

        Values are numbers, numpy's too, and tensors of one element: those on an accelerator are read later, without a
        wait. Names of nested mappings are joined by `/`. A text becomes a text of that name."""
        if step is None:
            step = next(self._steps) if self._explicit is None else self._following()
        elif type(step) is int and 0 <= step < _MAX_STEP:
            self._explicit = step
        else:
            step = self._step(step)
        self._at = step
        if not self._row(step, metrics):
            self._log_slowly(metrics, step)

    def log_at(self, step: int, metrics: Mapping[str, Any]) -> None:
        """As `log`, without a word about the run's own count of steps: for those who count on their own."""
        if type(step) is not int or not 0 <= step < _MAX_STEP:
            step = self._step(step)
        if not self._row(step, metrics):
            self._log_slowly(metrics, step)

    def _log_slowly(self, metrics: Mapping[str, Any], step: int) -> None:
        if self._finished:
            self._say_once("finished", "the run has been finished; what is said of it now is not kept")
            return
        try:
            numbers, texts, wrong = values.row(metrics)
        except Exception as error:
            self._say_once("metrics", f"log takes names with numbers, not {type(metrics).__name__}: {error}")
            return
        if numbers:
            if any(isinstance(value, values.Later) for value in numbers.values()):
                self._writer.row_later(step, numbers)
            else:
                self._row(step, numbers)
        for name, text in texts:
            self.log_text(name, text, step=step)
        for what in wrong:
            self._say_once("value " + what.partition(" (")[0], f"no number: {what}")

    def _step(self, step: Any) -> int:
        try:
            whole = int(step)
            if whole == step and 0 <= whole < _MAX_STEP:
                self._explicit = whole
                return whole
        except Exception:
            pass
        self._say_once("step", f"{str(step)[:100]} is no step: a whole number from 0 on; the run's own count stands in")
        return self._following()

    def _following(self) -> int:
        """The step after the last one."""
        if self._explicit is not None:
            self._steps, self._explicit = itertools.count(self._explicit + 1), None
        return next(self._steps)

    def event(
        self,
        kind: str,
        message: str = "",
        fields: Optional[Mapping[str, Any]] = None,
        level: str = "info",
        step: Optional[int] = None,
    ) -> None:
        """Says something that happened: a short word for its kind, a sentence, and values by name."""
        if self._finished:
            self._say_once("finished", "the run has been finished; what is said of it now is not kept")
            return
        at = self._at if step is None else self._step(step) if type(step) is not int or step < 0 else step
        self._writer.event(kind, level, at, message, dict(fields or {}))

    def alert(self, title: str, text: str = "", level: str = "warning", step: Optional[int] = None) -> None:
        """Says something that somebody should look at: `level` is `info`, `warning` or `error`."""
        level = {"warn": "warning"}.get(str(level).lower(), str(level).lower())
        if level not in ("info", "warning", "error"):
            self._say_once("level", f"{level!r} is no level: info, warning or error; warning stands in")
            level = "warning"
        self.event("alert", str(title), {"title": str(title), "text": str(text)[:_MAX_TEXT]}, level, step)

    def log_text(self, name: str, text: str, step: Optional[int] = None) -> None:
        """Says a text, such as a sample of what a model wrote."""
        fields: Dict[str, Any] = {"name": name, "text": str(text)}
        if len(fields["text"]) > _MAX_TEXT:
            fields.update(text=fields["text"][:_MAX_TEXT], cut=True)
        self.event("text", f"{name}", fields, step=step)

    def log_histogram(self, name: str, values: Any, bins: int = 64, step: Optional[int] = None) -> None:
        """Says how numbers are distributed: a list, an array, a tensor; or a pair of counts and edges, as
        `numpy.histogram` returns, when `bins` is 0."""
        try:
            if bins == 0:
                counts, edges = ([float(x) for x in part] for part in values)
                other = 0
                if len(edges) != len(counts) + 1:
                    raise ValueError(f"{len(counts)} counts need {len(counts) + 1} edges, not {len(edges)}")
            else:
                edges, counts, other = histograms.histogram(values, bins)  # type: ignore[assignment]
        except Exception as error:
            self._say_once(f"histogram {name}", f"no histogram of {name!r}: {error}")
            return
        fields: Dict[str, Any] = {"name": name, "edges": edges, "counts": counts}
        if other:
            fields["not_finite"] = other
        self.event("histogram", f"{name}", fields, step=step)

    def log_image(self, name: str, image: Any, caption: str = "", step: Optional[int] = None) -> None:
        """Keeps an image: bytes or path of a PNG, JPEG, GIF or WebP, a PIL image, an array of height, width and
        channels (whole numbers to 255, or others from 0 to 1), or a tensor with the channels first."""
        try:
            content, media, width, height = images.encode(image)
            digest, _ = blobs.put(self.root, content)
        except Exception as error:
            self._say_once(f"image {name}", f"image {name!r} is not kept: {error}")
            return
        fields = {"name": name, "digest": digest, "media": media, "width": width, "height": height}
        if caption:
            fields["caption"] = caption
        self.event("image", caption or f"{name}", fields, step=step)

    def log_artifact(self, path: PathLike, name: Optional[str] = None, kind: str = "file") -> Optional[str]:
        """Keeps a file by its content, or each file below a directory; the digest of a file. Returns when it is kept,
        so the file may be changed afterwards."""
        path = Path(path)
        name = name or path.name or str(path)
        try:
            if path.is_dir():
                for file in sorted(p for p in path.rglob("*") if p.is_file()):
                    self._artifact(file, f"{name}/{file.relative_to(path).as_posix()}", kind)
                return None
            return self._artifact(path, name, kind)
        except OSError as error:
            self._say_once(f"artifact {name}", f"artifact {name!r} is not kept: {error}")
            return None

    def _artifact(self, path: Path, name: str, kind: str) -> str:
        digest, size = blobs.put(self.root, path)
        fields = {"name": name, "kind": kind, "digest": digest, "bytes": size, "direction": "output"}
        self.event("artifact", f"{name}, {size} bytes", fields)
        return digest

    def use_artifact(self, artifact: PathLike, name: Optional[str] = None, kind: str = "file") -> Optional[Path]:
        """Says that the run took something: a file, or what some run left, by its digest. Where it lies. A file is
        noted by its content's digest; it is not copied."""
        text = os.fspath(artifact)
        known = blobs.path_of(self.root, text) if len(text) == 64 and not os.path.exists(text) else None
        try:
            if known is not None:
                digest, size, where = text, known.stat().st_size, known
            else:
                where = Path(text)
                digest, size = blobs.digest_of(where)
        except OSError as error:
            self._say_once(f"use {text}", f"artifact {text!r} is not there: {error}")
            return None
        fields = {"name": name or where.name, "kind": kind, "digest": digest, "bytes": size, "direction": "input"}
        self.event("artifact", f"{fields['name']}, {size} bytes", fields)
        return where

    def add_tags(self, *tags: str) -> None:
        """Adds words to find the run by."""
        new = [tag for tag in map(str, tags) if tag not in self.tags]
        if new:
            self.tags += new
            self.event("tags", fields={"tags": new})

    def flush(self) -> None:
        """Returns when everything said until now is on the disk."""
        self._writer.flush()

    # -- its end -------------------------------------------------------------------------------------------------

    def finish(self, state: str = "done", reason: Optional[str] = None) -> None:
        """Ends the run: `done`, `failed` or `interrupted`. A program's end does it too."""
        if self._finished:
            return
        state, reason = self._end or (state, reason)
        ending.forget(self)
        self._writer.close()
        self._finished = True
        self._row = lambda *_: False
        if self._owner and os.getpid() == self._pid and self._directory is not None:
            self._record.update(state=state, reason=reason, ended=home.now(), tags=self.tags)
            try:
                home.write_record(self._directory, self._record)
            except OSError as error:
                self._say_once("record", f"the end of run {self.id} is not recorded: {error}")

    def failed(self, state: str, reason: str, trace: str) -> None:
        """The program ends with an exception or a status that says so."""
        if self._end is None and not self._finished:
            self._end = (state, reason)
            fields = {"traceback": trace} if trace else {}
            self.event("exception" if trace else "exit", reason, fields, "error" if state == "failed" else "info")

    def end(self) -> None:
        """The program ends."""
        self.finish()

    def forked(self) -> None:
        """This is the child: it has a log of its own, and the record is the parent's."""
        self._writer.abandon()
        self._placing = threading.RLock()
        self._use(Writer(self._place, self._session))

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if kind is not None and error is not None:
            if not (issubclass(kind, SystemExit) and getattr(error, "code", 1) in (None, 0)):
                ending.describe(self, kind, error, trace)
        self.finish()

    def _say_once(self, what: str, sentence: str) -> None:
        """Once on standard error, and as an event where that goes."""
        if what in self._said or len(self._said) > 1000:
            return
        self._said.add(what)
        print(f"aether: {sentence}", file=sys.stderr)
        if not self._finished:
            self._writer.event("client", "warning", self._at, sentence, {})
