"""Where runs are kept, and a run's record. The same as the Rust side's `Home` and `RunDirectory`."""

import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, Tuple

from . import atomic_file

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def locate() -> Path:
    """`$AETHER_HOME`, else `$XDG_DATA_HOME/aether`, else `~/.local/share/aether`."""
    home = os.environ.get("AETHER_HOME")
    if home:
        return Path(home)
    data = os.environ.get("XDG_DATA_HOME")
    if data and os.path.isabs(data):
        return Path(data) / "aether"
    return Path(os.path.expanduser("~")) / ".local" / "share" / "aether"


def check_project(project: str) -> str:
    """Refuses what cannot name a directory below the home."""
    fits = 1 <= len(os.fsencode(project)) <= 200 and not project.startswith(".") and "/" not in project
    if not fits or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in project):
        raise ValueError(
            f"project {project!r} cannot name a directory: 1 to 200 bytes, no '/', no control character, no dot first"
        )
    return project


def make_run_directory(home: Path, project: str) -> Tuple[str, Path]:
    """A directory with an id that no run of the project has."""
    parent = home / "runs" / project
    is_new = not parent.is_dir()
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        # Not the `random` module's shared generator: a script that seeds it would draw the same id each time.
        run_id = "".join(_ALPHABET[byte & 31] for byte in os.urandom(8))
        directory = parent / run_id
        try:
            directory.mkdir()
        except FileExistsError:
            continue
        (directory / "signals").mkdir()
        for place in (parent, parent.parent, home) if is_new else (parent,):
            atomic_file.sync_directory(place)
        return run_id, directory


def write_record(directory: Path, record: Dict[str, Any]) -> None:
    """Replaces `run.json` as a whole."""
    text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    atomic_file.write(directory / "run.json", lambda file: file.write(text.encode("utf-8", "replace")))


def now() -> str:
    """The time, RFC 3339."""
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")


def host() -> str:
    return os.uname().nodename


def pid_start() -> int:
    """The start of this process in clock ticks since boot, or 0 where nobody tells."""
    try:
        with open("/proc/self/stat", "rb") as file:
            # The name in field 2 may hold spaces and parentheses; what follows the last one does not.
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def writer_name() -> Tuple[str, int]:
    """The name of a log that begins now, and when that is."""
    start = time.time_ns()
    name = "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else "-" for c in host())
    return f"{name}-{os.getpid()}-{start}", start


def git_facts(directory: str) -> Dict[str, str]:
    """The commit and branch that `directory` is at, read from git's files; empty outside a repository."""
    for place in [Path(directory), *Path(directory).parents]:
        git = place / ".git"
        try:
            if git.is_file():  # a worktree: `gitdir: PATH`
                git = (place / git.read_text().partition(":")[2].strip()).resolve()
            if not (git / "HEAD").is_file():
                continue
            head = (git / "HEAD").read_text().strip()
            if not head.startswith("ref: "):
                return {"commit": head}
            ref = head[5:]
            facts = {"branch": ref[len("refs/heads/"):] if ref.startswith("refs/heads/") else ref}
            common = git / "commondir"
            shared = (git / common.read_text().strip()).resolve() if common.is_file() else git
            if (shared / ref).is_file():
                facts["commit"] = (shared / ref).read_text().strip()
            elif (shared / "packed-refs").is_file():
                for line in (shared / "packed-refs").read_text().splitlines():
                    if line.endswith(" " + ref):
                        facts["commit"] = line.split()[0]
            return facts
        except OSError:
            continue
    return {}
