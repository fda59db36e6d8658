"""Which machine and which versions a table was measured with."""
import datetime
import json
import os
import platform
import subprocess
from pathlib import Path


def _first(path, key):
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return "unknown"


def _vectors():
    flags = set(_first("/proc/cpuinfo", "flags").split())
    return next((name for name in ("avx512f", "avx2", "sse4_2") if name in flags), "no vectors")


# What prints the version of Python and of the packages named on the command line, those that are not there left out.
_VERSIONS = """
import importlib.metadata, json, platform, sys
found = {"Python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def describe(root, packages):
    """Lines of Markdown on the machine, the date and the versions. `packages` says for each interpreter what to tell of."""

    def output(*command):
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    versions = {}
    for python, names in packages.items():
        versions.update(json.loads(output(str(python), "-c", _VERSIONS, *names)))
    memory = int(_first("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    dirty = " with changes" if output("git", "status", "--porcelain", "--untracked-files=no") else ""
    return [
        f"- Machine: {_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores ({_vectors()}), {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}",
        f"- Date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"- Aether {output('git', 'rev-parse', '--short', 'HEAD')}{dirty}, {output('rustc', '--version')}",
        "- " + ", ".join(f"{name} {version}" for name, version in versions.items()),
    ]
