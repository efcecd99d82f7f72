"""flowjax, every function under jit."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import flowjax.bijections as fb
import flowjax.flows as ff
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
import paramax
from flowjax.distributions import Normal

from benchmarks.work import BOUND, Case
from benchmarks.workers.base import CHECKED_ROWS, FLOAT32_ROWS, PERTURBATION, Entry, rows


class Flowjax(Entry):
    """Its own recipes. Its splines carry two outer slopes, which the others fix at 1."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        recipe = ff.coupling_flow if case.coupling else ff.masked_autoregressive_flow
        sizes: dict[str, Any] = {}
        if case.spline:
            sizes["transformer"] = fb.RationalQuadraticSpline(knots=case.bins - 1, interval=BOUND)
            self.notes.append("25 numbers for each spline instead of 23")
        flow = recipe(
            jr.key(0),
            base_dist=Normal(jnp.zeros(case.features)),
            flow_layers=case.layers,
            nn_width=case.hidden[0],
            nn_depth=len(case.hidden),
            **sizes,
        )
        # As flowjax's own training does: what is marked so does not train.
        self.weights, self.rest = eqx.partition(
            flow, eqx.is_inexact_array, is_leaf=lambda x: isinstance(x, paramax.NonTrainable)
        )
        self.params = sum(w.size for w in jax.tree.leaves(self.weights))
        adam = optax.adam(1e-3)
        self._moments = adam.init(self.weights)
        self._x = jnp.asarray(rows(case.train_rows, case.features))
        self._evaluated = jnp.asarray(rows(case.eval_rows, case.features, seed=1))

        def density(weights: Any, rest: Any, x: Any) -> Any:
            return paramax.unwrap(eqx.combine(weights, rest)).log_prob(x)

        def step(weights: Any, rest: Any, moments: Any, x: Any) -> Any:
            gradient = eqx.filter_grad(lambda w: -density(w, rest, x).mean())(weights)
            updates, moments = adam.update(gradient, moments)
            return eqx.apply_updates(weights, updates), moments

        def draw(weights: Any, rest: Any, key: Any) -> Any:
            flow = paramax.unwrap(eqx.combine(weights, rest))
            return flow.sample(key, (case.sample_rows,))

        self._density, self._step = eqx.filter_jit(density), eqx.filter_jit(step)
        self._draw = eqx.filter_jit(draw)

    def train(self) -> None:
        self.weights, self._moments = self._step(self.weights, self.rest, self._moments, self._x)
        jax.block_until_ready(self.weights)

    def log_prob(self) -> None:
        self._density(self.weights, self.rest, self._evaluated).block_until_ready()

    def sample(self) -> None:
        self._draw(self.weights, self.rest, jr.key(1)).block_until_ready()

    def check(self) -> dict[str, float]:
        generator = np.random.default_rng(1)
        self.weights = jax.tree.map(
            lambda w: w + PERTURBATION * generator.normal(size=w.shape).astype(np.float32),
            self.weights,
        )
        near = np.asarray(self._density(self.weights, self.rest, self._evaluated))[:FLOAT32_ROWS]
        many = np.asarray(self._evaluated)[:FLOAT32_ROWS].astype(np.float64)
        with jax.enable_x64(True):
            return self._exact_check(many, near.astype(np.float64))

    def _exact_check(self, many: np.ndarray, near: np.ndarray) -> dict[str, float]:
        """The check in float64, of a copy of the flow."""
        whole = jax.tree.map(
            lambda a: jnp.asarray(np.asarray(a), jnp.float64) if eqx.is_inexact_array(a) else a,
            eqx.combine(self.weights, self.rest),
        )
        flow = paramax.unwrap(whole)
        x = jnp.asarray(rows(CHECKED_ROWS, self.case.features, seed=2), jnp.float64)

        # Through lambdas, since jit hashes what it is given and a bound method has arrays in it.
        z = jax.jit(jax.vmap(lambda row: flow.bijection.inverse(row)))(x)
        back = jax.jit(jax.vmap(lambda row: flow.bijection.transform(row)))(z)
        normal = flow.base_dist.log_prob(z)  # its mean and scale train, too
        density = jax.jit(lambda rows: flow.log_prob(rows))
        jacobian = jax.jacfwd(lambda row: flow.bijection.inverse(row))
        true = jnp.linalg.slogdet(jax.jit(jax.vmap(jacobian))(x))[1]
        exact = density(jnp.asarray(many))
        return {
            "round_trip": float(jnp.abs(back - x).max()),
            "log_det": float(jnp.abs(density(x) - normal - true).max()),
            "float32": float(np.abs(near - np.asarray(exact)).max()),
        }
