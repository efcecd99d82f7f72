"""A masked perceptron and the maps it conditions, feature by feature in compiled code."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pushforward.kernels.calls import Pair, by_feature
from pushforward.kernels.fused import Fused
from pushforward.kernels.native import MOST_PARAMS, Walk, call, usable

ACTIVATIONS = ("relu", "elu", "silu", "tanh")  # in the order of walk.cpp
MOST_LAYERS = 15


@dataclass(frozen=True)
class Perceptron:
    """What a walk reads.

    Attributes:
        order: the features as they come.
        degrees: for each hidden layer, how many features each of its units waits for, ascending.
        activation: its name.
        weights: masked, (units, units below); the first with its columns in the walk's order.
        biases: (units, 1) or (units, rows).
    """

    order: list[int]
    degrees: Sequence[Tensor]
    activation: str
    weights: Sequence[Tensor]
    biases: Sequence[Tensor]

    @cached_property
    def ends(self) -> list[list[int]]:
        """ends[i][j]: how many units of hidden layer i are computable once j features are known."""
        steps = torch.arange(len(self.order))
        return [torch.searchsorted(d, steps, right=True).tolist() for d in self.degrees]

    def compiled(self, like: Tensor) -> bool:
        """Is there a compiled walk for this network and tensors such as this one?"""
        return self.activation in ACTIVATIONS and len(self.degrees) <= MOST_LAYERS and usable(like)


def walk(net: Perceptron, fused: Fused | None, value: Tensor, solve: bool) -> Pair | None:
    """The layer's result and its log|det|; None where there is no compiled code for it.

    value: (rows, features) -> result (rows, features), log|det| (rows). Where `solve`, the x with
    fused.forward(x; θ(x)) = value; else fused.forward(value; θ(value)). Either takes half the
    multiplications of a dense pass, since the other half is with zeros.
    """
    if fused is None or fused.n_params > MOST_PARAMS or not net.compiled(value):
        return None
    if any(t.dtype != value.dtype for t in (*net.weights, *net.biases)):
        return None  # autocast has been at them
    job, kept = _job(net, value)
    job.map = fused.constants.filled_in(fused.n_params, inverse=solve)
    x, log_det = by_feature(value, *value.shape), value.new_empty(len(value))
    job.value_row, job.value_feature = value.stride()
    job.x_row, job.x_feature = x.stride()
    job.value, job.x, job.log_det = value.data_ptr(), x.data_ptr(), log_det.data_ptr()
    call(f"{fused.name}_walk", value.dtype, job)
    del kept
    return x, log_det


def sweep(
    net: Perceptron,
    slopes: Sequence[Tensor],
    inside: Tensor,
    grad_x: Tensor,
    by_x: Pair,
    by_slope: Pair,
) -> tuple[Tensor, list[Tensor]]:
    """The way back of a solution, for a network that is `compiled`.

    Args:
        slopes: derivatives of each hidden layer's activation (units, rows).
        inside: (features, rows) in the walk's order, 0 where an input was clamped, else 1.
        grad_x: (rows, features).
        by_x, by_slope: cotangents of value (features, rows) and parameters (features·P, rows) for
            one on x, and for the one on the log-slope.

    Returns:
        the cotangent of value (features, rows), and those of each layer's sums (units, rows).
    """
    job, kept = _job(net, grad_x)
    job.map.n_params = len(by_x[1]) // len(net.order)
    grad_value = torch.empty_like(by_x[0])
    outer = [torch.empty_like(s) for s in slopes] + [torch.empty_like(by_x[1])]
    job.x_row, job.x_feature = grad_x.stride()
    job.grad_x, job.inside, job.grad_value = (t.data_ptr() for t in (grad_x, inside, grad_value))
    job.by_x_value, job.by_x_params = (t.data_ptr() for t in by_x)
    job.by_slope_value, job.by_slope_params = (t.data_ptr() for t in by_slope)
    pointers = [_pointers(slopes), _pointers(outer)]
    job.slopes, job.outer = (ctypes.addressof(p) for p in pointers)
    call("sweep", grad_x.dtype, job)
    del kept
    return grad_value, outer


def _pointers(tensors: Sequence[Tensor]) -> ctypes.Array[ctypes.c_void_p]:
    return (ctypes.c_void_p * max(len(tensors), 1))(*(t.data_ptr() for t in tensors))


def _numbers(values: Sequence[int]) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * max(len(values), 1))(*values)


def _job(net: Perceptron, like: Tensor) -> tuple[Walk, list[object]]:
    """What both ways share; with it, what must outlive the call."""
    weights = [w.detach().contiguous() for w in net.weights]
    biases = [b.detach() for b in net.biases]
    steps = [0 if b.shape[1] == 1 else b.stride(1) for b in biases]
    arrays: dict[str, ctypes.Array[Any]] = {
        "order": _numbers(net.order),
        "widths": _numbers([w.shape[1] for w in weights]),
        "ends": _numbers([end for ends in net.ends for end in ends]),
        "weights": _pointers(weights),
        "biases": _pointers(biases),
        "bias_unit": _numbers([b.stride(0) for b in biases]),
        "bias_row": _numbers(steps),
    }
    job = Walk(rows=len(like), features=len(net.order), hidden=len(net.degrees))
    job.activation = ACTIVATIONS.index(net.activation)
    job.threads = torch.get_num_threads()
    for name, array in arrays.items():
        setattr(job, name, ctypes.addressof(array))
    return job, [weights, biases, arrays]
