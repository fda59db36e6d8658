"""TensorBoard's `SummaryWriter`s, PyTorch's and tensorboardX's: what a program writes there."""

import os
from typing import Any, Dict, Optional

from . import session
from .session import guarded, hushed, quiet

#: What stands before a directory's tags: nothing for the first, its name for others, as TensorBoard tells them apart.
_prefixes: Dict[str, str] = {}
_next: Dict[str, int] = {}


def attach(module: Any) -> None:
    writer = module.SummaryWriter
    for name, say in (
        ("add_scalar", _scalar), ("add_scalars", _scalars), ("add_text", _text), ("add_image", _image),
        ("add_histogram", _histogram), ("add_hparams", _hparams),
    ):
        session.wrap(writer, name, _around(say))


def _around(say: Any) -> Any:
    say = guarded(say)

    def around(original: Any, *args: Any, **kwargs: Any) -> Any:
        if not quiet.writers:
            say(*args, **kwargs)
        with hushed("writers"):
            return original(*args, **kwargs)

    return around


def _prefix(writer: Any) -> str:
    directory = os.path.abspath(str(getattr(writer, "log_dir", None) or getattr(writer, "logdir", None) or ""))
    known = _prefixes.get(directory)
    if known is None:
        known = f"{os.path.basename(directory)}/" if _prefixes else ""
        if known and known in _prefixes.values():
            known = f"{known[:-1]}-{len(_prefixes) + 1}/"
        _prefixes[directory] = known
    return known


def _step(name: str, step: Any) -> int:
    if step is None:  # TensorBoard would put all of them at 0
        step = _next.get(name, 0)
    _next[name] = int(step) + 1
    return int(step)


def _scalar(writer: Any, tag: str, scalar_value: Any, global_step: Any = None, *rest: Any, **more: Any) -> None:
    name = _prefix(writer) + tag
    session.log(_step(name, global_step), {name: scalar_value})


def _scalars(writer: Any, main_tag: str, tag_scalar_dict: Any, global_step: Any = None, *rest: Any, **more: Any) -> None:
    name = _prefix(writer) + main_tag
    session.log(_step(name, global_step), {f"{name}/{tag}": value for tag, value in tag_scalar_dict.items()})


def _text(writer: Any, tag: str, text_string: str, global_step: Optional[int] = None, *rest: Any, **more: Any) -> None:
    run = session.run()
    if run is not None:
        run.log_text(session.name(tag, _prefix(writer)), text_string, step=global_step or 0)


def _image(
    writer: Any, tag: str, img_tensor: Any, global_step: Optional[int] = None, walltime: Any = None,
    dataformats: str = "CHW", **more: Any,
) -> None:
    import numpy

    run = session.run()
    if run is None:
        return
    if hasattr(img_tensor, "detach"):
        img_tensor = img_tensor.detach().cpu().numpy()
    order = [dataformats.index(axis) for axis in ("HWC" if "C" in dataformats else "HW")]
    image = numpy.asarray(img_tensor).transpose(order)
    run.log_image(session.name(tag, _prefix(writer)), image, step=global_step or 0)


def _histogram(writer: Any, tag: str, values: Any, global_step: Optional[int] = None, *rest: Any, **more: Any) -> None:
    run = session.run()
    if run is not None:
        run.log_histogram(session.name(tag, _prefix(writer)), values, step=global_step or 0)


def _hparams(writer: Any, hparam_dict: Any, metric_dict: Any, *rest: Any, **more: Any) -> None:
    session.config(hparam_dict, _prefix(writer))
    session.summary(metric_dict, _prefix(writer))
