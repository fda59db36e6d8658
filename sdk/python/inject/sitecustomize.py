"""Run by every Python under `aether run`, before its program: offers the package `aether`, and has the libraries that
the program imports logged automatically, unless AETHER_AUTO is 0. Costs nothing until such a library is imported, and
harms no program: Pythons that are too old for it pass it by, and a `sitecustomize` of the user's runs as ever."""

import os
import sys


def _begin():
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    if sys.version_info < (3, 9):
        return
    package = os.path.dirname(here)
    if package not in sys.path:
        sys.path.append(package)
    if os.environ.get("AETHER_AUTO", "1") == "0" or not os.environ.get("AETHER_RUN_DIR"):
        return
    # By its path, not as a part of the package: that would load all of the client into every Python.
    import importlib.util

    place = os.path.join(package, "aether", "auto", "imports.py")
    spec = importlib.util.spec_from_file_location("_aether_imports", place)
    imports = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = imports
    spec.loader.exec_module(imports)
    imports.listen(package)


def _go_on():
    """Runs the user's own `sitecustomize`, which this one stands before."""
    ours = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
    finally:
        if ours is not None:
            sys.modules.setdefault("sitecustomize", ours)


try:
    _begin()
except Exception as _error:
    sys.stderr.write("aether: no automatic logging: %r\n" % (_error,))
_go_on()
