"""Artifacts by content: files named by their SHA-256 below the home's `blobs/`, which nobody ever changes."""

import hashlib
import itertools
import os
from pathlib import Path
from typing import BinaryIO, Tuple, Union

_PIECE = 1 << 20
_numbers = itertools.count()


def path_of(home: Path, digest: str) -> Path:
    return home / "blobs" / digest[:2] / digest


def put(home: Path, content: Union[bytes, Path]) -> Tuple[str, int]:
    """Keeps the content, unless it is there; its digest and length. Raises OSError."""
    if isinstance(content, bytes):
        digest = hashlib.sha256(content).hexdigest()
        target = path_of(home, digest)
        if not target.exists():
            _publish(target, lambda file: file.write(content) and None)
        return digest, len(content)
    # A file is read twice, for the name of what is written beside holds its digest.
    while True:
        digest, size = digest_of(content)
        target = path_of(home, digest)
        if target.exists():
            return digest, size
        copied = hashlib.sha256()

        def copy(file: BinaryIO) -> None:
            with open(content, "rb") as source:
                while piece := source.read(_PIECE):
                    copied.update(piece)
                    file.write(piece)
            if copied.hexdigest() != digest:
                raise _Changed

        try:
            _publish(target, copy)
            return digest, size
        except _Changed:
            continue


class _Changed(Exception):
    """The file was written to between the two readings."""


def digest_of(path: Path) -> Tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _publish(target: Path, write) -> None:  # type: ignore[no-untyped-def]
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.{next(_numbers)}.part")
    try:
        with open(beside, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        try:
            os.unlink(beside)
        except OSError:
            pass
        raise
