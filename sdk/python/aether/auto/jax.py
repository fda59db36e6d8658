"""JAX: the single numbers that a jitted step returns, such as its loss, and the values of `value_and_grad` outside of
jit. What a traced function computes and does not return nobody can read without changing it, so it is not said.

The arrays are asked for nothing: they are read when they are ready."""

import functools
import types
from typing import Any, Dict

from . import session
from .session import guarded

#: Results are looked through as far as tuples and dictionaries of this size.
_WIDE = 32

_calls: Dict[str, int] = {}
_numbers: Dict[str, int] = {}
_jax: Any = None


def attach(jax: Any) -> None:
    global _jax
    _jax = jax
    session.wrap(jax, "jit", _around_jit)
    session.wrap(jax, "value_and_grad", _around_value_and_grad)


class Jitted:
    """A jitted function that tells of the numbers it returns, and is in all else that function."""

    def __init__(self, function: Any, name: str) -> None:
        functools.update_wrapper(self, function)
        self._function, self._name, self._step = function, name, 0
        self._prefix = ""
        self._told = True  # until it turns out that it returns no numbers

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._function(*args, **kwargs)
        if self._told:
            _tell(self, result)
        return result

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def lower(self, *args: Any, **kwargs: Any) -> Any:
        return self._function.lower(*args, **kwargs)

    def trace(self, *args: Any, **kwargs: Any) -> Any:
        return self._function.trace(*args, **kwargs)

    def eval_shape(self, *args: Any, **kwargs: Any) -> Any:
        return self._function.eval_shape(*args, **kwargs)

    def clear_cache(self) -> None:
        self._function.clear_cache()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)


def _around_jit(original: Any, *args: Any, **kwargs: Any) -> Any:
    jitted = original(*args, **kwargs)
    # Without a function it is a decorator with options. A function of a library is none of the program's.
    function = args[0] if args else kwargs.get("fun")
    if function is None:
        return lambda inner: _proxy(inner, jitted(inner))
    return _proxy(function, jitted)


def _proxy(function: Any, jitted: Any) -> Any:
    module = getattr(function, "__module__", "") or ""
    if module.partition(".")[0] in ("jax", "jaxlib", "optax", "flax", "haiku", "equinox", "orbax", "chex", "numpyro"):
        return jitted
    return Jitted(jitted, getattr(function, "__name__", "step").strip("<>"))


@guarded
def _tell(jitted: Jitted, result: Any) -> None:
    row: Dict[str, Any] = {}
    _gather(result, "", row, 0)
    if not row:
        # What is being traced has no numbers yet; what has none now will have none later.
        jitted._told = any(isinstance(part, _jax.core.Tracer) for part in _jax.tree_util.tree_leaves(result))
        return
    if jitted._step == 0:
        number = _numbers[jitted._name] = _numbers.get(jitted._name, 0) + 1
        jitted._prefix = f"{jitted._name}/" if number == 1 else f"{jitted._name}/{number}/"
    jitted._step += 1
    session.log(jitted._step, row, jitted._prefix)


def _gather(value: Any, name: str, row: Dict[str, Any], depth: int) -> None:
    if isinstance(value, _jax.Array):
        if not isinstance(value, _jax.core.Tracer) and value.ndim == 0 and value.dtype.kind == "f" and value.is_fully_addressable:
            row[name or "value"] = value
    elif depth < 3:
        if isinstance(value, dict):
            parts = value.items()
        elif isinstance(value, tuple) and hasattr(value, "_fields"):
            parts = zip(value._fields, value)  # type: ignore[assignment]
        elif isinstance(value, (tuple, list)):
            parts = enumerate(value)  # type: ignore[assignment]
        else:
            return
        if len(value) <= _WIDE:
            for key, part in parts:
                _gather(part, f"{name}/{key}" if name else str(key), row, depth + 1)


def _around_value_and_grad(original: Any, fun: Any, *args: Any, **kwargs: Any) -> Any:
    with_gradient = original(fun, *args, **kwargs)
    has_aux = bool(kwargs.get("has_aux", args[1] if len(args) > 1 else False))

    @functools.wraps(with_gradient)
    def call(*inner: Any, **more: Any) -> Any:
        result = with_gradient(*inner, **more)
        _tell_value(getattr(fun, "__name__", "loss").strip("<>"), result[0][0] if has_aux else result[0])
        return result

    return call


@guarded
def _tell_value(name: str, value: Any) -> None:
    row: Dict[str, Any] = {}
    _gather(value, name, row, 3)
    if row:
        step = _calls[name] = _calls.get(name, 0) + 1
        session.log(step, row, "value_and_grad/")
