"""Do a file's tensors belong to the flow that its config describes? Told before any is allocated.

A config is taken for hostile, whatever its manifest says: nothing in it may cost more time or
memory than the tensors that come with it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)

from pushforward.errors import ModelError
from pushforward.flow import Flow
from pushforward.flows import rebuild
from pushforward.storage.config import Config

DTYPES = {"float32": torch.float32, "float64": torch.float64}
FLOW = "flow."  # the flow's tensors carry this prefix; others are the model's own
SIZES = {"features", "context_features", "layers", "hidden", "bins", "components"}
SIZES |= {"shape", "levels", "steps", "blocks", "values"}  # of images
SIZES |= {"width", "attention", "patch", "heads"}  # of images pixel by pixel
SIZES |= {"latent", "posterior_layers"}  # of autoencoders
SMALL, SHORT = 1 << 13, 100  # sizes, and lists of them, up to here are not looked into
PIXELS = 1 << 20  # numbers of an image up to here: convolutions are no larger for larger images
VALUES = 1 << 16  # that a number of an image may take: not every recipe has a tensor as long
NAMES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64", torch.bool: "BOOL"}

Facts = tuple[tuple[int, ...], str]  # a tensor's shape and its dtype's name in safetensors


def facts_of(entry: Any) -> Facts:
    """Shape and dtype of a `safetensors` slice, from the file's header alone."""
    return tuple(entry.get_shape()), str(entry.get_dtype())


def refuse_other_shapes(path: Path, stored: dict[str, Facts], config: Config) -> None:
    """Compare a file's tensors with those of the flow described, which is built without memory.

    Raises:
        ModelError: the first tensor that is absent, superfluous, or of another shape or dtype; a
            size that no flow with these tensors has; a config from which no flow can be built.
    """
    stored = {name: facts for name, facts in stored.items() if name.startswith(FLOW)}
    longest = max((length for shape, _ in stored.values() for length in shape), default=0)
    _refuse_huge(path, config.flow.arguments, longest, max(len(stored), SHORT))
    state = _build_without_memory(path, config, len(stored)).state_dict()
    expected = {FLOW + k: (tuple(v.shape), NAMES[v.dtype]) for k, v in state.items()}
    for name in sorted(expected.keys() | stored.keys()):
        if expected.get(name) != stored.get(name):
            raise ModelError(
                f"{path} does not fit its config: tensor {name} should be "
                f"{expected.get(name, 'absent')}, but is {stored.get(name, 'absent')}."
            )


def _refuse_huge(path: Path, arguments: dict[str, Any], longest: int, most: int) -> None:
    """Refuse a size beyond `longest`, and a list of more than `most` sizes.

    Each size is the length of some tensor, each in a list that of its own, so that the file limits
    both. Small ones pass: they cost little, and some are of no use (`hidden` of a lone feature).
    """
    for name, value in arguments.items():
        sizes = value if isinstance(value, list) else [value]
        if isinstance(value, dict):
            _refuse_huge(path, value, longest, most)
        elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
            for part in value:
                _refuse_huge(path, part if isinstance(part, dict) else {}, longest, most)
        elif name in SIZES and (len(sizes) > most or _largest(name, sizes) > longest):
            raise ModelError(
                f"{path} does not fit its config: {name} is {str(value)[:40]}, "
                "more than its tensors have room for."
            )


def _largest(name: str, sizes: list[Any]) -> float:
    """The largest of the sizes, of an image their product; 0 where it is small."""
    known = [abs(size) for size in sizes if isinstance(size, int | float)]
    small = {"shape": PIXELS, "values": VALUES}.get(name, SMALL)
    largest = math.prod(known) if name == "shape" else max(known, default=0)
    return largest if largest > small else 0


def _build_without_memory(path: Path, config: Config, count: int) -> Flow:
    """The flow described, on the meta device; given up once it has more tensors than `count`."""
    try:
        # Masks and the like are not stored: there are more of those in memory, but not many.
        with torch.device("meta"), _at_most(2 * count + 100):
            return rebuild(config.flow.model_dump()).to(DTYPES[config.dtype])
    except Exception as error:  # whatever goes wrong here, the config's words were at fault
        raise ModelError(f"{path} does not fit its config: {error}") from error


@contextmanager
def _at_most(count: int) -> Iterator[None]:
    """Let this thread register so many parameters and buffers, and no more.

    A size may pass for small where each unit of it is a layer.
    """
    left, here = count, threading.get_ident()

    def register(*_: object) -> None:
        nonlocal left
        left -= threading.get_ident() == here
        if left < 0:
            raise ModelError("the flow described has more tensors than the file")

    hooks = [
        register_module_parameter_registration_hook(register),
        register_module_buffer_registration_hook(register),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
