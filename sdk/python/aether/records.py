"""The bytes of a signal log, as docs/format.md specifies them. Pure: nothing here reads, writes or waits."""

import json
import math
import struct
import zlib
from typing import Any, Dict, Iterable

#: Bytes that a frame's payload may have.
MAX_PAYLOAD = 1 << 20
#: Bytes that a metric's name is cut at.
MAX_NAME = 65_536
#: Metrics in a set, so that a frame holds several rows of any set.
MAX_SET = 4_096
#: Bytes of rows in one frame, about. For more than 5 KiB zlib lets go of Python's global lock, which a busy program gives
#: back 5 ms later; the rest of what was said would wait for that.
ROWS_BYTES = 5_000

_FRAME = struct.Struct("<II")


def frame(payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def utf8(text: str) -> bytes:
    """Lone surrogates, which file names may bring along, become question marks."""
    return text.encode("utf-8", "replace")


def cut_utf8(text: str, limit: int) -> bytes:
    """At most `limit` bytes, cut between two characters."""
    encoded = utf8(text)
    if len(encoded) <= limit:
        return encoded
    return utf8(encoded[:limit].decode("utf-8", "ignore"))


def _counted(text: str) -> bytes:
    encoded = utf8(text)
    return varint(len(encoded)) + encoded


def header(session: int, start: int, run: str, writer: str) -> bytes:
    """Kind 1, of format 1.1: it has records `set` and `rows`."""
    return frame(b"\x01aether\x01\x01" + struct.pack("<Iq", session & 0xFFFFFFFF, start) + _counted(run) + _counted(writer))


def metric(number: int, name: str) -> bytes:
    return frame(b"\x02" + varint(number) + cut_utf8(name, MAX_NAME))


def metric_set(number: int, metrics: Iterable[int]) -> bytes:
    return frame(b"\x06" + varint(number) + b"".join(map(varint, metrics)))


def rows_prefix(set_number: int) -> bytes:
    """What stands before the rows of a set in a record's payload. A row is step `u64`, time `i64` and its values."""
    return b"\x07" + varint(set_number)


def event(time: int, kind: str, level: str, step: int, message: str, fields: Dict[str, Any]) -> bytes:
    body = {"kind": kind, "level": level, "step": step, "message": message, "fields": fields}
    payload = b"\x04" + struct.pack("<q", time) + utf8(_json(body))
    if len(payload) > MAX_PAYLOAD:
        body["fields"] = {"cut": True}
        body["message"] = cut_utf8(message, 10_000).decode()
        payload = b"\x04" + struct.pack("<q", time) + utf8(_json(body))
    return frame(payload)


def _json(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def plain(value: Any, depth: int = 0) -> Any:
    """What JSON knows of `value`: numbers that are not finite are null, unknown things are their text."""
    kind = type(value)
    if value is None or kind is bool or kind is int or kind is str:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if depth < 32:
        if isinstance(value, dict):
            return {str(k): plain(v, depth + 1) for k, v in value.items()}
        if isinstance(value, (list, tuple, set, frozenset, range)):
            return [plain(v, depth + 1) for v in value]
        item = getattr(value, "item", None)  # numpy's scalars, and tensors of one element
        if callable(item):
            try:
                return plain(item(), depth + 1)
            except Exception:
                pass
    try:
        return str(value)[:10_000]
    except Exception:
        return f"<{kind.__name__}>"
