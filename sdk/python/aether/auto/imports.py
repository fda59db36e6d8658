"""Notices when a library that can be logged has been imported, and only then loads the client and the library's file.

Depends on nothing of the package, so that `sitecustomize` can load it by itself."""

import importlib
import importlib.util
import os
import sys
from typing import Any, Dict, Optional, Set

#: The file in this directory that is told of a module once that is loaded.
FILES: Dict[str, str] = {
    "torch": "pytorch",
    "torch._dynamo.decorators": "dynamo",
    "lightning.pytorch.trainer.trainer": "lightning",
    "pytorch_lightning.trainer.trainer": "lightning",
    "transformers.trainer": "transformers",
    "keras.src.models.model": "keras",
    "sklearn.base": "sklearn",
    "sklearn.metrics": "sklearn_metrics",
    "sklearn.model_selection": "sklearn_selection",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "jax": "jax",
    "optax": "optax",
    "tqdm.std": "tqdm",
    "torch.utils.tensorboard.writer": "tensorboard",
    "tensorboardX.writer": "tensorboard",
    "wandb.sdk.wandb_run": "wandb",
}

_said: Set[str] = set()


class Finder:
    """First in `sys.meta_path`: finds nothing by itself, but has the loaders of those modules tell of their end."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in FILES:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        try:
            self._attach(name, spec.loader)
        except Exception as error:
            say_once(name, error)
        return spec

    def _attach(self, name: str, loader: Any) -> None:
        # On the loader itself, which is the module's own, so that whoever looks at it finds what he expects.
        load = loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            attach(self._package, name, module)

        loader.exec_module = exec_module


def attach(package: str, name: str, module: Any) -> None:
    """Tells a library's file that it was loaded. Never raises."""
    try:
        importlib.import_module(f"{client(package)}.auto.{FILES[name]}").attach(module)
    except Exception as error:
        say_once(name, error)


def client(package: str) -> str:
    """The name under which the client can be imported: `aether`, unless the program has another module of that name."""
    try:
        found: Optional[Any] = importlib.import_module("aether")
    except ImportError:
        found = None
    if getattr(found, "CLIENT", None) == 1:
        return "aether"
    name = "_aether_client"
    if name not in sys.modules:
        place = os.path.join(package, "aether")
        spec = importlib.util.spec_from_file_location(
            name, os.path.join(place, "__init__.py"), submodule_search_locations=[place]
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return name


def say_once(name: str, error: BaseException) -> None:
    if name in _said:
        return
    _said.add(name)
    sentence = f"{name} is not logged automatically: {type(error).__name__}: {error}"
    for client_name in ("aether", "_aether_client"):
        session = sys.modules.get(f"{client_name}.auto.session")
        if session is not None:
            session.say("auto_failed", sentence, level="warning")
            return
    print(f"aether: {sentence}", file=sys.stderr)


def listen(package: str) -> None:
    """Attaches to what is imported from now on, and to what is there."""
    if any(type(finder).__name__ == "Finder" and type(finder).__module__.endswith("imports") for finder in sys.meta_path):
        return
    for name in FILES:
        if name in sys.modules:
            attach(package, name, sys.modules[name])
    sys.meta_path.insert(0, Finder(package))  # type: ignore[arg-type]
