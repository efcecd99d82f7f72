"""zuko's flows as its defaults build them. It has no trainer: an ordinary one is written here."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
import zuko

from benchmarks.density.methods import Fitted, Task
from benchmarks.density.tables import Rows

RATE, BATCH, EPOCHS, PATIENCE = 1e-3, 256, 200, 10


def maf(task: Task) -> Fitted:
    """Affine maps, three transforms."""
    torch.manual_seed(task.seed)
    return trained(zuko.flows.MAF(task.split.train.shape[1]), task)


def nsf(task: Task) -> Fitted:
    """Rational-quadratic splines of 8 bins on [-5, 5], three transforms."""
    torch.manual_seed(task.seed)
    return trained(zuko.flows.NSF(task.split.train.shape[1]), task)


def trained(flow: Any, task: Task) -> Fitted:
    """Adam on the 80 %, the weights with the best validation NLL, no refit."""
    train = torch.as_tensor(task.split.train, dtype=torch.float32)
    validation = torch.as_tensor(task.split.validation, dtype=torch.float32)
    generator = torch.Generator().manual_seed(task.seed)
    optimizer = torch.optim.Adam(flow.parameters(), lr=RATE)
    best, kept, best_epoch, epoch = float("inf"), copy.deepcopy(flow.state_dict()), 0, 0
    for epoch in range(1, EPOCHS + 1):
        order = torch.randperm(len(train), generator=generator)
        for rows in order.split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            (-flow().log_prob(train[rows]).mean()).backward()
            optimizer.step()
        nll = -float(log_densities(flow, validation).mean())
        if nll < best:
            best, kept, best_epoch = nll, copy.deepcopy(flow.state_dict()), epoch
        elif epoch - best_epoch >= PATIENCE:
            break
    flow.load_state_dict(kept)
    settings = {
        "rows": "80 %, stopped by validation",
        "epochs": epoch,
        "best_epoch": best_epoch,
        "validation": -best,
        "params": sum(p.numel() for p in flow.parameters()),
    }
    return Fitted(lambda x: log_densities(flow, torch.as_tensor(x, dtype=torch.float32)), settings)


@torch.no_grad()
def log_densities(flow: Any, x: torch.Tensor) -> Rows:
    """Some rows at a time."""
    parts = [flow().log_prob(part).double().numpy() for part in x.split(4096)]
    return np.concatenate(parts)
