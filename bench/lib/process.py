"""Runs the measured programs, each in a process of its own, and reads what they print."""
import json
import os
import pty
import subprocess
import sys
import threading
import time
from dataclasses import dataclass


@dataclass
class Finished:
    """What a process left: its output, its wall time from outside, and its peak resident memory."""

    output: str
    seconds: float
    peak_bytes: int


def run(command, env=None, terminal=False):
    """Runs `command` to its end. With `terminal` its output is a pseudo terminal, so that progress lines are drawn."""
    full = {**os.environ, **(env or {})}
    if terminal:
        reader, writer = pty.openpty()
    else:
        reader, writer = os.pipe()
    start = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, env=full)
    os.close(writer)
    chunks = []
    drain = threading.Thread(target=_drain, args=(reader, chunks))
    drain.start()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    drain.join()
    os.close(reader)
    child.returncode = os.waitstatus_to_exitcode(status)
    output = b"".join(chunks).decode(errors="replace")
    if child.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}: exit code {child.returncode}\n{output}")
    return Finished(output, seconds, usage.ru_maxrss * 1024)


def _drain(reader, chunks):
    while True:
        try:
            chunk = os.read(reader, 65536)
        except OSError:  # Linux's answer for a pseudo terminal whose other side is closed.
            return
        if not chunk:
            return
        chunks.append(chunk)


def result_of(command, env=None):
    """Runs a program that prints its result as one line of JSON, the last of its lines that is any."""
    finished = run(command, env)
    for line in reversed(finished.output.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    sys.exit(f"bench: {' '.join(map(str, command))} printed no result\n{finished.output}")
