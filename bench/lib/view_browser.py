"""Measurements in a real browser, and servers to measure."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

from . import process
from .setting import ROOT

MEASURE = ["node", ROOT / "bench" / "browser" / "measure.mjs"]


def measure(what, *arguments):
    """One measurement of `bench/browser/measure.mjs`."""
    return process.result_of([*MEASURE, what, *map(str, arguments)])


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def server(command, env, port, path="/", patience=300):
    """A server until the block ends. It is there once it answers on `path`."""
    child = subprocess.Popen(
        [str(word) for word in command], env={**os.environ, **env}, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + patience
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10).read()
                break
            except OSError as error:
                if child.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"bench: {command[0]} does not answer: {error}") from error
                time.sleep(0.1)
        yield child
    finally:
        # All that it started, too.
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@contextmanager
def dash(setting, home):
    """`aether dash` over a home: its process, and its address."""
    port = free_port()
    with server([setting.aether, "dash", "--port", port], {"AETHER_HOME": str(home)}, port) as child:
        yield child, f"http://127.0.0.1:{port}"


@contextmanager
def pages(url, ready, count):
    """So many open pages until the block ends."""
    child = subprocess.Popen(
        [str(word) for word in [*MEASURE, "pages", url, ready, count]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if not child.stdout.readline().startswith("{"):
        raise SystemExit("bench: the pages could not be opened")
    try:
        yield
    finally:
        child.stdin.close()
        child.wait()


def transferred(url, page):
    """Bytes of a page as it is sent, compressed: what its address gives, and the styles and scripts which that names."""
    def fetch(path):
        request = urllib.request.Request(url + path, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request) as answer:
            return answer.read(), answer.headers.get("Content-Encoding")

    body, encoding = fetch(page)
    text = body
    if encoding == "gzip":
        import gzip

        text = gzip.decompress(body)
    named = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', text.decode())
    return len(body) + sum(len(fetch(path)[0]) for path in named)


def resident(pid):
    """Resident memory of a process, in bytes."""
    with open(f"/proc/{pid}/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def api(url, path):
    with urllib.request.urlopen(f"{url}/api/v1{path}") as answer:
        return json.load(answer)
