"""Files that are never seen half written: written beside, synced, renamed. The same as the Rust side's `AtomicFile`."""

import itertools
import os
from pathlib import Path
from typing import BinaryIO, Callable

_numbers = itertools.count()


def write(target: Path, content: Callable[[BinaryIO], object]) -> None:
    """Has `content` write a file. `target` holds the old content or the new, never a part. Raises OSError, and whatever
    `content` raises; then `target` is as it was."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.{next(_numbers)}.part")
    try:
        with open(beside, "xb") as file:
            content(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        try:
            os.unlink(beside)
        except OSError:
            pass
        raise
    sync_directory(target.parent)


def sync_directory(directory: Path) -> None:
    """Makes the names in it survive a power cut, where its file system can be asked for that."""
    try:
        fd = os.open(directory, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        pass
    finally:
        os.close(fd)
