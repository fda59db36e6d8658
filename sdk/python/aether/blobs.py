"""Artifacts by content: files named by their SHA-256 below the home's `blobs/`, which nobody ever changes."""

import hashlib
from pathlib import Path
from typing import BinaryIO, Callable, Tuple, Union

from . import atomic_file

_PIECE = 1 << 20


def path_of(home: Path, digest: str) -> Path:
    return home / "blobs" / digest[:2] / digest


def put(home: Path, content: Union[bytes, Path]) -> Tuple[str, int]:
    """Keeps the content, unless it is there; its digest and length. Raises OSError."""
    if isinstance(content, bytes):
        digest = hashlib.sha256(content).hexdigest()
        target = path_of(home, digest)
        if not target.exists():
            _write(target, lambda file: file.write(content))
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
            _write(target, copy)
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


def _write(target: Path, content: Callable[[BinaryIO], object]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    atomic_file.write(target, content)
