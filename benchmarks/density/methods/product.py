"""What `pushforward.density` makes of the 90 % in a given time."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.density.methods import Fitted, Task
from benchmarks.density.tables import Rows
from pushforward import kernels
from pushforward.density import fit_density


def product(task: Task) -> Fitted:
    """It sets rows aside to choose by, by itself."""
    torch.set_num_threads(task.threads)
    fitted = fit_density(task.split.both, time_budget=task.budget, seed=task.seed)
    flow = fitted.flow

    @torch.no_grad()
    def log_prob(x: Rows) -> Rows:
        flow.eval()
        like = flow.dtype
        parts = [flow.log_prob(p.to(like)) for p in torch.as_tensor(x).split(4096)]
        return np.concatenate([p.double().numpy() for p in parts])

    compiled = kernels.library() is not None  # without them a budget buys fewer steps
    settings = {"rows": "90 %", "time_budget": task.budget, "compiled": compiled}
    return Fitted(log_prob, settings)
