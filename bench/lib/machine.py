"""Which machine and which versions a table was measured with."""
import datetime
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


def describe(python, root):
    """Lines of Markdown on the machine, the date and the versions."""
    def output(*command):
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    versions = output(str(python), "-c", "import torch, lightning; print(torch.__version__, lightning.__version__)")
    torch, lightning = versions.split()[-2:]
    memory = int(_first("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    dirty = " with changes" if output("git", "status", "--porcelain", "--untracked-files=no") else ""
    return [
        f"- Machine: {_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores ({_vectors()}), {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}",
        f"- Date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"- Aether {output('git', 'rev-parse', '--short', 'HEAD')}{dirty}, {output('rustc', '--version')}",
        f"- PyTorch {torch}, Lightning {lightning}, Python {platform.python_version()}",
    ]
