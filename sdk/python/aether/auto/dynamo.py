"""`torch.compile`: its tracer calls what stands in every step as it is, between graphs, as if that were a C function."""

from typing import Any

from . import pytorch


def attach(decorators: Any) -> None:
    # By the code itself, for a wrapper would cost each step more than what it wraps.
    for function in pytorch.in_every_step():
        decorators.skip(function)
    for name in ("_note_loss", "_measure_norm", "_new_loop", "_mind"):
        setattr(pytorch, name, decorators.disable(getattr(pytorch, name)))
