"""The compiled maps: where their library is, whether it may be used, and how it is called."""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from pushforward.errors import SlowWarning

MOST_PARAMS = 192  # what a block has room for, as in maps.hpp
SWITCH = "PUSHFORWARD_KERNELS"  # set to "plain", the environment forbids the compiled maps


def _fields(kind: type, names: str) -> list[tuple[str, type]]:
    return [(name, kind) for name in names.split()]


class Map(ctypes.Structure):
    """A map's constants, as in maps.hpp."""

    _fields_ = [
        *_fields(ctypes.c_int64, "n_params bins"),
        *_fields(ctypes.c_double, "bound least_share least_slope unit_slope"),
        *_fields(ctypes.c_int64, "inverse"),
    ]


class Job(ctypes.Structure):
    """The arguments of a map over a table, as in tables.cpp."""

    _fields_ = [
        ("map", Map),
        *_fields(ctypes.c_int64, "rows features threads value_row value_feature"),
        *_fields(ctypes.c_int64, "param_row param_feature param_step"),
        *_fields(ctypes.c_int64, "pull_row pull_feature pull_step out_row out_feature"),
        *_fields(ctypes.c_int64, "grad_row grad_feature slope_row slope_feature"),
        *_fields(ctypes.c_void_p, "value params result log_det"),
        *_fields(ctypes.c_void_p, "grad_result grad_log_det grad_value grad_params"),
    ]


class Layer(ctypes.Structure):
    """The arguments of a whole layer and of its way back, as in layer.cpp."""

    _fields_ = [
        ("map", Map),
        *_fields(ctypes.c_int64, "rows features free hidden activation threads solve"),
        *_fields(ctypes.c_void_p, "order slots widths ends weights biases bias_unit bias_row"),
        *_fields(ctypes.c_int64, "value_row value_feature result_row result_feature"),
        *_fields(ctypes.c_void_p, "value result log_det tables params slopes"),
        *_fields(ctypes.c_int64, "grad_row grad_feature slope_row"),
        *_fields(ctypes.c_void_p, "grad_result grad_log_det grad_value outer"),
    ]


def _load() -> ctypes.CDLL | None:
    for path in sorted(Path(__file__).parent.glob("_native*.so")):
        try:
            found = ctypes.CDLL(str(path))
            found.job_size.restype = found.layer_size.restype = ctypes.c_int64
            sizes = found.job_size(), found.layer_size()
            if sizes == (ctypes.sizeof(Job), ctypes.sizeof(Layer)):
                return found
        except (OSError, AttributeError):  # built for another system, or from other sources
            continue
    return None


# Loaded after torch, whose OpenMP threads it shares: two pools would fight for the cores. And at
# once, so that the tracer of torch.compile finds a constant.
_LIBRARY = _load()
_THERE = _LIBRARY is not None


def library() -> ctypes.CDLL | None:
    """The compiled library, None where the installation had no compiler for it."""
    return _LIBRARY


class _Mode:
    """Whether the plain formulas are asked for; one object, so that a test can switch it."""

    plain = os.environ.get(SWITCH) == "plain"


@contextmanager
def plain() -> Iterator[None]:
    """Within it, the plain PyTorch formulas are used even where compiled ones are there.

    Example:
        >>> with plain():
        ...     usable(torch.ones(3))
        False
    """
    before, _Mode.plain = _Mode.plain, True
    try:
        yield
    finally:
        _Mode.plain = before


@cache
def _say_once() -> None:
    warnings.warn(
        "pushforward runs without its compiled layers: no C++ compiler built them when it was "
        "installed, or they do not load here. Results are the same, but several times slower. "
        "Install a compiler (g++) and then pushforward again, or set "
        f"{SWITCH}=plain to be rid of this message.",
        SlowWarning,
        stacklevel=2,
    )


def usable(value: Tensor) -> bool:
    """Can the compiled maps take this tensor: on the CPU, float32 or float64, nothing traced?

    Warns:
        SlowWarning: once a process, where only the missing library is in the way.
    """
    if _Mode.plain or value.device.type != "cpu":
        return False
    if not torch.compiler.is_compiling() and (
        torch._C._get_tracing_state() or torch._C._len_torch_dispatch_stack()
    ):
        return False  # whoever watches single operations must see some
    if value.dtype not in (torch.float32, torch.float64):
        return False
    if not _THERE and not torch.compiler.is_compiling():
        _say_once()
    return _THERE


def call(name: str, dtype: torch.dtype, job: Job | Layer) -> None:
    """Run an entry such as "spline_apply" for float32 or float64."""
    found = library()
    assert found is not None
    getattr(found, f"{name}_{'float32' if dtype == torch.float32 else 'float64'}")(
        ctypes.byref(job)
    )
