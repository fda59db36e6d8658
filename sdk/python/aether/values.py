"""Numbers from whatever a metric's value is, without ever making the program wait for an accelerator."""

import sys
from typing import Any, Dict, Iterator, List, Tuple

#: The types whose values need no look: `struct` packs them as they are.
READY = frozenset({float, int, bool})


class Later:
    """A number that an accelerator has not delivered yet."""

    __slots__ = ()

    def ready(self) -> bool:
        raise NotImplementedError

    def number(self) -> float:
        """Waits for it if need be."""
        raise NotImplementedError


class _CudaLater(Later):
    """A copy into pinned memory on its way, with the event behind it in the stream: nobody waits, nothing is asked of
    the device."""

    __slots__ = ("_host", "_event")

    def __init__(self, tensor: Any, torch: Any) -> None:
        tensor = tensor.detach().reshape(())
        with torch.cuda.device(tensor.device):
            self._host = torch.empty((), dtype=tensor.dtype, pin_memory=True)
            self._host.copy_(tensor, non_blocking=True)
            self._event = torch.cuda.Event()
            self._event.record()

    def ready(self) -> bool:
        return bool(self._event.query())

    def number(self) -> float:
        self._event.synchronize()
        return as_float(self._host.item())


class _AnyLater(Later):
    """A reference to what nobody changes in place, read by the writing thread."""

    __slots__ = ("_value", "_ready")

    def __init__(self, value: Any, ready: Any) -> None:
        self._value, self._ready = value, ready

    def ready(self) -> bool:
        return bool(self._ready())

    def number(self) -> float:
        return as_float(self._value.item())


def as_float(value: Any) -> float:
    """Raises TypeError or ValueError for what is no number."""
    try:
        return float(value)
    except OverflowError:  # an integer beyond 1.8e308
        return float("-inf") if value < 0 else float("inf")


def convert(value: Any) -> Any:
    """A float, or a `Later`. Raises TypeError or ValueError for what is no number."""
    if isinstance(value, (float, int)):
        return as_float(value)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        if value.numel() != 1:
            raise ValueError(f"a tensor of shape {tuple(value.shape)} is no number")
        if value.device.type == "cpu":
            return as_float(value.item())
        if value.device.type == "cuda" and value.layout == torch.strided:
            if torch.cuda.is_current_stream_capturing():
                raise ValueError("a tensor inside a CUDA graph that is being captured has no value yet")
            return _CudaLater(value, torch)
        copy = value.detach().clone()
        return _AnyLater(copy, lambda: True)
    if hasattr(value, "is_ready") and hasattr(value, "item"):  # jax.Array: immutable
        if type(value).__name__.endswith("Tracer"):
            raise ValueError("a value inside a function that JAX is tracing has no number yet")
        if getattr(value, "size", 1) != 1:
            raise ValueError(f"an array of shape {tuple(value.shape)} is no number")
        return as_float(value.item()) if value.is_ready() else _AnyLater(value, value.is_ready)
    item = getattr(value, "item", None)  # numpy's scalars and arrays of one element, and their likes
    if callable(item):
        return as_float(item())
    if isinstance(value, (str, bytes)):
        raise TypeError("a text is no number")
    if hasattr(value, "numpy"):  # TensorFlow's tensors and variables
        return as_float(value.numpy())
    return as_float(value)


def flatten(metrics: Any, prefix: str = "") -> Iterator[Tuple[str, Any]]:
    """Nested mappings as one, their names joined by `/`."""
    for name, value in metrics.items():
        name = prefix + (name if type(name) is str else str(name))
        if hasattr(value, "items") and hasattr(value, "keys"):
            yield from flatten(value, name + "/")
        else:
            yield name, value


def row(metrics: Any) -> Tuple[Dict[str, Any], List[Tuple[str, Any]], List[str]]:
    """The numbers by name (floats and `Later`s), the texts, and what was wrong with the others."""
    numbers: Dict[str, Any] = {}
    texts: List[Tuple[str, Any]] = []
    wrong: List[str] = []
    for name, value in flatten(metrics):
        if type(value) is str:
            texts.append((name, value))
            continue
        try:
            numbers[name] = convert(value)
        except Exception as error:
            wrong.append(f"{name[:200]!r} ({type(value).__name__}): {str(error)[:200]}")
    return numbers, texts, wrong
