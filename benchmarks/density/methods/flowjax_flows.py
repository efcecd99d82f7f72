"""flowjax's flows with its own trainer, both with their defaults."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from flowjax.bijections import RationalQuadraticSpline
from flowjax.distributions import Normal
from flowjax.flows import coupling_flow, masked_autoregressive_flow
from flowjax.train import fit_to_data

from benchmarks.density.methods import Fitted, Task
from benchmarks.density.tables import Rows

SPLINE = {"knots": 8, "interval": 4}


def maf(task: Task) -> Fitted:
    """Affine maps."""
    return trained(masked_autoregressive_flow, task)


def nsf_ar(task: Task) -> Fitted:
    """Splines, autoregressive."""
    spline = RationalQuadraticSpline(**SPLINE)
    return trained(masked_autoregressive_flow, task, transformer=spline)


def nsf_c(task: Task) -> Fitted:
    """Splines, coupling."""
    return trained(coupling_flow, task, transformer=RationalQuadraticSpline(**SPLINE))


def trained(recipe: Any, task: Task, **how: Any) -> Fitted:
    """Given the 90 %, of which its trainer sets a ninth aside to stop by."""
    key, fitting = jr.split(jr.key(task.seed))
    base = Normal(jnp.zeros(task.split.train.shape[1]))
    flow = recipe(key, base_dist=base, **how)
    rows = jnp.asarray(task.split.both, jnp.float32)
    flow, losses = fit_to_data(fitting, flow, rows, val_prop=1 / 9, show_progress=False)
    jax.block_until_ready(eqx.filter(flow, eqx.is_array))
    validation = [float(v) for v in losses["val"]]
    settings = {
        "rows": "90 %, a ninth of it aside to stop by",
        "epochs": len(validation),
        "best_epoch": int(np.argmin(validation)) + 1,
        "validation": -min(validation),
        "params": sum(w.size for w in jax.tree.leaves(eqx.filter(flow, eqx.is_inexact_array))),
    }
    density = eqx.filter_jit(lambda flow, x: flow.log_prob(x))

    def log_prob(x: Rows) -> Rows:
        parts = [
            np.asarray(density(flow, jnp.asarray(x[i : i + 4096], jnp.float32)), np.float64)
            for i in range(0, len(x), 4096)
        ]
        return np.concatenate(parts)

    return Fitted(log_prob, settings)
