"""The ways to compute one flow give one result: each against plain formulas in float64."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.work import MODELS, Case
from benchmarks.workers.base import PERTURBATION, rows
from benchmarks.workers.pushforward import flow
from pushforward import kernels

D, N = 16, 1024

# Stated tolerances of each way: max |difference|, of log_prob in nats and of decoded values.
BARS = {
    "fused": {"log_prob": 1e-4, "decode": 1e-4},  # the compiled layers, as by default
    "plain": {"log_prob": 1e-4, "decode": 1e-4},  # PyTorch operations alone
    "compiled": {"log_prob": 1e-4, "decode": 1e-4},
    "bfloat16": {"log_prob": 0.1 * D, "decode": 0.5},
}


def plainly(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The function without compiled kernels."""

    def run(x: Tensor) -> Tensor:
        with kernels.plain():
            return function(x)

    return run


def in_bfloat16(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The function under autocast: matrix products in bfloat16, the rest as PyTorch decides."""

    def run(x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return function(x)

    return run


@torch.no_grad()
def compare() -> list[dict[str, Any]]:
    """One record per model and way: max and median |difference| from float64, and the bars."""
    return [record for model in MODELS for record in of_model(model)]


def of_model(model: str) -> list[dict[str, Any]]:
    """The records of one model, with weights moved away from the identity."""
    torch.manual_seed(0)
    case = Case(model, D)
    fitted = flow(case).eval()
    for p in fitted.parameters():
        p.add_(PERTURBATION * torch.randn_like(p))
    exact = copy.deepcopy(fitted).double()
    x = torch.from_numpy(rows(N, D))
    true = {name: plainly(getattr(exact, name))(x.double()) for name in ("log_prob", "decode")}
    records: list[dict[str, Any]] = []
    for way, bars in BARS.items():
        record: dict[str, Any] = {"model": model, "way": way, "bars": bars}
        for name in true:
            function = getattr(fitted, name)
            if way == "compiled":
                if name == "decode" and not case.coupling:
                    continue  # a loop over D: compiling it unrolls, for many minutes
                function = torch.compile(function, dynamic=False)
            elif way == "plain":
                function = plainly(function)
            elif way == "bfloat16":
                function = in_bfloat16(function)
            try:
                difference = (function(x).double() - true[name]).abs()
            except Exception as error:  # a way that does not work is a finding, too
                record[name] = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:160]}
            else:
                largest = float(difference.max())
                record[name] = {
                    "max": largest if math.isfinite(largest) else None,
                    "median": float(difference.median()),
                }
        records.append(record)
    return records
