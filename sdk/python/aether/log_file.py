"""One signal log on disk. Appends frames; what the disk does not take is kept, up to a bound, and tried again."""

import os
import sys
import time
from pathlib import Path
from typing import Callable, List, Optional

from . import atomic_file, home, records

#: Bytes of frames that wait for a disk that takes nothing.
MAX_WAITING = 64 << 20
#: Seconds between two tries after a failure.
_PAUSE = 1.0


class LogFile:
    """Belongs to one thread at a time, but for `sync`, which another may do meanwhile. No method raises for what the
    disk does."""

    def __init__(self, place: Callable[[], Path], session: int) -> None:
        """`place` tells the run's directory, making it if it must; what it raises is a failure to write."""
        self._place, self._session = place, session
        self._fd: Optional[int] = None
        self._unnamed: Optional[Path] = None  # its directory, until the file's name in it is safe
        self._length = 0
        self._waiting: List[bytes] = []
        self._waiting_bytes = 0
        self._failed_at: Optional[float] = None
        self._said = False
        self._unsynced = False

    @property
    def full(self) -> bool:
        """Whether no more frames are taken, so that what is not yet encoded must wait."""
        return self._waiting_bytes > MAX_WAITING

    @property
    def waiting_bytes(self) -> int:
        return self._waiting_bytes

    @property
    def unsynced(self) -> bool:
        return self._unsynced

    @property
    def stuck(self) -> bool:
        """Whether frames wait because the disk refused some."""
        return bool(self._waiting)

    def append(self, frames: List[bytes]) -> bool:
        """Hands the frames to the operating system, after those that wait; whether nothing waits any more."""
        self._waiting += frames
        self._waiting_bytes += sum(map(len, frames))
        if not self._waiting:
            return True
        if self._failed_at is not None and time.monotonic() - self._failed_at < _PAUSE:
            return False
        return self._write()

    def retry(self) -> bool:
        """Tries now, however recently it failed."""
        return self._write() if self._waiting else True

    def _write(self) -> bool:
        try:
            if self._fd is None:
                self._create()
            assert self._fd is not None
            # In pieces, each a number of whole frames: what the disk takes of them need not be written again.
            while self._waiting:
                count, size = 0, 0
                while count < len(self._waiting) and size < records.MAX_PAYLOAD:
                    size += len(self._waiting[count])
                    count += 1
                self._write_whole(b"".join(self._waiting[:count]))
                del self._waiting[:count]
                self._waiting_bytes -= size
                self._unsynced = True
        except OSError as error:
            self._failed_at = time.monotonic()
            self._say(error)
            return False
        self._failed_at = None
        if self._said:
            self._said = False
            print("aether: what the run says is written again", file=sys.stderr)
        return True

    def _create(self) -> None:
        directory = self._place()
        name, start = home.writer_name()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        signals = directory / "signals"
        fd = os.open(signals / f"{name}.log", flags, 0o666)
        self._fd, self._unnamed, self._length = fd, signals, 0
        # The name holds the time, so the header goes before whatever waits for this file.
        first = records.header(self._session, start, directory.name, name)
        self._waiting.insert(0, first)
        self._waiting_bytes += len(first)

    def _write_whole(self, content: bytes) -> None:
        """All of it, or nothing: a part that was taken is cut off again, for a log may only hold whole frames."""
        assert self._fd is not None
        view = memoryview(content)
        written = 0
        try:
            while written < len(content):
                written += os.write(self._fd, view[written:])
        except OSError:
            if written:
                os.ftruncate(self._fd, self._length)
            raise
        self._length += written

    def sync(self) -> None:
        """What a power cut cannot take any more."""
        if self._fd is not None and self._unsynced:
            self._unsynced = False  # before: what is written from now on may not be among it
            try:
                os.fsync(self._fd)
            except OSError as error:
                self._unsynced = True
                self._say(error)
                return
            if self._unnamed is not None:
                atomic_file.sync_directory(self._unnamed)
                self._unnamed = None

    def close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            try:
                os.close(fd)
            except OSError:
                pass

    def _say(self, error: OSError) -> None:
        if not self._said:
            self._said = True
            print(
                f"aether: what the run says cannot be written ({error}); it is kept in memory and tried again, the "
                f"program goes on",
                file=sys.stderr,
            )
