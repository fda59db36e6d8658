"""A reader of runs, written from docs/format.md alone and sharing nothing with the client: what the tests believe."""

import json
import struct
import zlib
from pathlib import Path


def varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return number, at
        shift += 7


def frames(data):
    """Whole frames from the beginning; a torn tail ends them, damage fails."""
    at = 0
    while at + 8 <= len(data):
        length, crc = struct.unpack_from("<II", data, at)
        assert 1 <= length <= 1 << 20, f"length {length} at {at}"
        if at + 8 + length > len(data):
            return
        payload = data[at + 8 : at + 8 + length]
        assert zlib.crc32(payload) == crc, f"checksum at {at}"
        yield payload
        at += 8 + length


class Log:
    def __init__(self, path):
        self.path = Path(path)
        self.points, self.events, self.metrics, self.sets = [], [], {}, {}
        every = list(frames(self.path.read_bytes()))
        header = every[0]
        assert header[0] == 1 and header[1:7] == b"aether"
        self.major, self.minor, self.session, self.start = struct.unpack_from("<BBIq", header, 7)
        length, at = varint(header, 21)
        self.run, at = header[at : at + length].decode(), at + length
        length, at = varint(header, at)
        self.writer = header[at : at + length].decode()
        assert self.writer == self.path.stem
        for payload in every[1:]:
            self._record(payload)

    def _record(self, payload):
        kind = payload[0]
        if kind == 2:
            number, at = varint(payload, 1)
            assert number not in self.metrics
            self.metrics[number] = payload[at:].decode()
        elif kind == 6:
            number, at = varint(payload, 1)
            members = []
            while at < len(payload):
                member, at = varint(payload, at)
                members.append(member)
            self.sets[number] = members
        elif kind == 7:
            number, at = varint(payload, 1)
            members = self.sets[number]
            width = 16 + 8 * len(members)
            assert (len(payload) - at) % width == 0
            for row in range(at, len(payload), width):
                step, time = struct.unpack_from("<Qq", payload, row)
                for member, value in zip(members, struct.unpack_from(f"<{len(members)}d", payload, row + 16)):
                    self.points.append((self.metrics[member], step, time, value))
        elif kind == 4:
            (time,) = struct.unpack_from("<q", payload, 1)
            self.events.append(dict(json.loads(payload[9:]), time=time))
        else:
            raise AssertionError(f"record of kind {kind}")


class Run:
    def __init__(self, directory):
        self.directory = Path(directory)
        record = self.directory / "run.json"
        self.record = json.loads(record.read_text()) if record.exists() else None
        self.logs = [Log(path) for path in sorted((self.directory / "signals").glob("*.log"))]
        self.logs.sort(key=lambda log: (log.session, log.start, log.path.name))

    @property
    def events(self):
        return [event for log in self.logs for event in log.events]

    def fields(self, kind):
        """The fields of each event of a kind."""
        return [event["fields"] for event in self.events if event["kind"] == kind]

    def merged(self, kind):
        """Those of `config` or `summary`, as one."""
        return {k: v for fields in self.fields(kind) for k, v in fields.items()}

    @property
    def names(self):
        return {name for log in self.logs for name, *_ in log.points}

    def all(self, name):
        """Every (step, value) that was said of a metric, in the order of the logs."""
        return [(step, value) for log in self.logs for n, step, _, value in log.points if n == name]

    def series(self, name):
        """The values by step, the last one said standing."""
        return dict(self.all(name))


def only_run(home):
    """The one run below a home."""
    found = [path for path in Path(home).glob("runs/*/*") if not path.name.startswith(".")]
    assert len(found) == 1, found
    return Run(found[0])
