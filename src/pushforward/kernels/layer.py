"""A whole layer in compiled code: maps and the masked perceptron that conditions them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pushforward.kernels.calls import Pair, by_feature
from pushforward.kernels.fused import Fused, transformed
from pushforward.kernels.native import MOST_PARAMS, Layer, call, usable

# In the order of layer.cpp: those whose derivative can be told from what they gave.
ACTIVATIONS = {"relu": torch.relu, "elu": torch.nn.functional.elu, "tanh": torch.tanh}
MOST_LAYERS = 15
INPUT_LIMIT = 1e4  # conditioners see numbers clipped to this: a far outlier must not overflow them


@dataclass(frozen=True)
class Plan:
    """How a perceptron conditions the maps of a layer, feature by feature in an order.

    Attributes:
        order: the features as they come.
        free: how many of them, at the beginning, are not moved.
        slots: where the parameters of each begin among the outputs (of a free one: anything).
        ends: for each hidden layer, how many of its units are computable once j features are known,
            j from 0 to features - 1. A unit sees no more than the units known then.
        activation: its name.
    """

    order: list[int]
    free: int
    slots: list[int]
    ends: list[list[int]]
    activation: str

    def __getstate__(self) -> dict[str, Any]:
        """Without the arrays, which no pickle can hold and which are soon made again."""
        return {k: v for k, v in self.__dict__.items() if not k.startswith("arrays")}

    @cached_property
    def arrays(self) -> dict[str, ctypes.Array[Any]]:
        """What the library reads of it, the same at every call."""
        return {
            "order": _numbers(self.order),
            "slots": _numbers(self.slots),
            "ends": _numbers([end for ends in self.ends for end in ends]),
        }


@dataclass(frozen=True)
class Call:
    """A plan, its map, and the direction.

    Attributes:
        inverse: is it the map's inverse that is applied?
        solve: does the perceptron read the results, instead of the values given?
    """

    plan: Plan
    fused: Fused
    inverse: bool
    solve: bool


def available(fused: Fused | None, activation: str, layers: int, value: Tensor) -> bool:
    """Can a layer of this map be computed here, by so many products? Asked before they are made."""
    return (
        fused is not None
        and fused.n_params <= MOST_PARAMS
        and activation in ACTIVATIONS
        and layers <= MOST_LAYERS
        and not torch.compiler.is_compiling()
        and usable(value)
        and not transformed()
        and not torch.is_autocast_enabled(value.device.type)
    )


def layer(
    make: Call,
    value: Tensor,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    by_feature: bool = False,
) -> Pair | None:
    """The layer's result (rows, features) and its log|det| (rows), where it is `available`.

    None where the networks are of another precision than the value.

    Args:
        value: (rows, features).
        weights: masked, (units, units below); the first with its columns in the plan's order.
        biases: (units, 1) or (units, rows).
        by_feature: each feature's own log-slope (rows, features) instead of the log|det|, zero
            where it is not moved; None where autograd looks on.
    """
    sources = (*weights, *biases)
    if any(t.dtype != value.dtype for t in sources):
        return None
    if torch.is_grad_enabled() and any(t.requires_grad for t in (value, *sources)):
        if by_feature:
            return None
        return _Layer.apply(make, len(weights), value, *sources)  # type: ignore[return-value]
    slopes = value.new_empty(value.shape[1], len(value)) if by_feature else None
    result, log_det, _ = _walk(make, value, weights, biases, record=False, slopes=slopes)
    return result, log_det if slopes is None else slopes.t()


def _walk(
    make: Call,
    value: Tensor,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    record: bool,
    slopes: Tensor | None = None,
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Result, log-det, and where recorded what each layer read, and the parameters."""
    rows = len(value)
    result, log_det = by_feature(value, *value.shape), value.new_empty(rows)
    tables = [value.new_empty(w.shape[1], rows) for w in weights] if record else []
    params = value.new_empty(weights[-1].shape[0], rows) if record else None
    job = _Job(make, value, result, weights, biases)
    job.layer.log_det = log_det.data_ptr()
    if slopes is not None:
        job.layer.slopes = slopes.data_ptr()
    if params is not None:
        job.layer.params = params.data_ptr()
        job.set(tables=_pointers(tables))
        tables.append(params)
    job.run("walk")
    return result, log_det, tables


class _Layer(torch.autograd.Function):
    """One call forward, one back, and a matrix product for each weight."""

    @staticmethod
    def forward(ctx: Any, make: Call, count: int, value: Tensor, *sources: Tensor) -> Pair:
        ctx.make, ctx.count = make, count
        result, log_det, tables = _walk(
            make, value, sources[:count], sources[count:], record=any(ctx.needs_input_grad)
        )
        ctx.save_for_backward(value, result, *tables, *sources)
        return result, log_det

    @staticmethod
    def backward(ctx: Any, grad_result: Tensor, grad_log_det: Tensor) -> tuple[Any, ...]:
        n = ctx.count
        value, result, *rest = ctx.saved_tensors
        tables, weights, biases = rest[: n + 1], rest[n + 1 : 2 * n + 1], rest[2 * n + 1 :]
        if torch.is_grad_enabled():  # a second derivative is wanted
            inputs = (value, *weights, *biases)
            grads = (grad_result, grad_log_det)
            return None, None, *_again(ctx.make, inputs, n, grads)
        outer = [value.new_empty(w.shape[0], len(value)) for w in weights]
        grad_value = value.new_empty(value.shape[1], len(value))
        job = _Job(ctx.make, value, result, weights, biases)
        job.layer.params = tables[-1].data_ptr()
        job.layer.grad_row, job.layer.grad_feature = grad_result.stride()
        job.layer.slope_row = grad_log_det.stride(0)
        job.layer.grad_result, job.layer.grad_log_det = (
            grad_result.data_ptr(),
            grad_log_det.data_ptr(),
        )
        job.layer.grad_value = grad_value.data_ptr()
        job.set(tables=_pointers(tables), outer=_pointers(outer))
        job.run("sweep")
        wanted = ctx.needs_input_grad[3:]
        by_weight = [  # what masks forbid is left to the masks
            o @ t.t() if want else None
            for o, t, want in zip(outer, tables[:-1], wanted[:n], strict=True)
        ]
        by_bias = [
            (o if b.shape[1] != 1 else o.sum(1, keepdim=True)) if want else None
            for o, b, want in zip(outer, biases, wanted[n:], strict=True)
        ]
        return None, None, grad_value.t(), *by_weight, *by_bias


def _again(make: Call, inputs: tuple[Tensor, ...], count: int, grads: Pair) -> list[Tensor | None]:
    """The gradients through plain operations, which can be differentiated once more."""
    if make.solve:
        raise RuntimeError(
            "There are no second derivatives through a layer that is solved feature by feature; "
            "take them in the layer's other direction."
        )
    # Aliases, since one may have been computed from another: partial derivatives only.
    inputs = tuple(t.view_as(t) for t in inputs)
    value, *sources = inputs
    outputs = plain_layer(make, value, sources[:count], sources[count:])
    wanted = [t for t in inputs if t.requires_grad]
    found = iter(torch.autograd.grad(outputs, wanted, grads, create_graph=True, allow_unused=True))
    return [next(found) if t.requires_grad else None for t in inputs]


def plain_layer(
    make: Call, value: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]
) -> Pair:
    """What `layer` gives where it does not solve, by dense products and the plain formula."""
    plan = make.plan
    function: Callable[[Tensor], Tensor] = ACTIVATIONS[plan.activation]
    h = value[:, plan.order[: weights[0].shape[1]]].t().clamp(-INPUT_LIMIT, INPUT_LIMIT)
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        h = torch.addmm(bias, weight, h if i == 0 else function(h))
    moved = plan.order[plan.free :]
    rows = [slot + k for slot in plan.slots[plan.free :] for k in range(make.fused.n_params)]
    params = h[rows].unflatten(0, (len(moved), make.fused.n_params)).permute(2, 0, 1)
    found, log_slope = make.fused.plain(value[:, moved], params, make.inverse)
    index = torch.tensor(moved, device=value.device)
    return value.index_copy(1, index, found), log_slope.sum(-1)


def _pointers(tensors: Sequence[Tensor]) -> ctypes.Array[Any]:
    return (ctypes.c_void_p * max(len(tensors), 1))(*(t.data_ptr() for t in tensors))


def _numbers(values: Sequence[int]) -> ctypes.Array[Any]:
    return (ctypes.c_int64 * max(len(values), 1))(*values)


class _Job:
    """The arguments of one call, and all that must outlive it."""

    def __init__(
        self,
        make: Call,
        value: Tensor,
        result: Tensor,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
    ) -> None:
        plan, fused = make.plan, make.fused
        weights = [w.contiguous() for w in weights]
        self.name, self.dtype = fused.name, value.dtype
        self.kept: list[Any] = [value, result, weights, biases]
        self.layer = Layer(fused.constants.filled_in(fused.n_params, make.inverse))
        job = self.layer
        job.rows, job.features = value.shape
        job.free, job.hidden, job.solve = plan.free, len(plan.ends), make.solve
        job.activation = list(ACTIVATIONS).index(plan.activation)
        job.threads = torch.get_num_threads()
        job.value_row, job.value_feature = value.stride()
        job.result_row, job.result_feature = result.stride()
        job.value, job.result = value.data_ptr(), result.data_ptr()
        self.set(
            **plan.arrays,
            widths=_numbers([w.shape[1] for w in weights]),
            weights=_pointers(weights),
            biases=_pointers(biases),
            bias_unit=_numbers([b.stride(0) for b in biases]),
            bias_row=_numbers([0 if b.shape[1] == 1 else b.stride(1) for b in biases]),
        )

    def set(self, **arrays: ctypes.Array[Any]) -> None:
        """Hand over arrays, and keep them alive."""
        self.kept.append(arrays)
        for name, array in arrays.items():
            setattr(self.layer, name, ctypes.addressof(array))

    def run(self, entry: str) -> None:
        call(f"{self.name}_{entry}", self.dtype, self.layer)
