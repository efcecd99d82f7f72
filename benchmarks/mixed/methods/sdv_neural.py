"""SDV's synthesizers by neural networks, with their defaults: 300 epochs; they have no density."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sdv.single_table import CTGANSynthesizer, TVAESynthesizer

from benchmarks.mixed.methods import Fitted, Task
from benchmarks.mixed.methods.sdv_tables import TABLE, back, described, plain


def fitted(kind: Any, task: Task) -> Fitted:
    """One of them, as it comes."""
    np.random.seed(task.seed)  # SDV draws from the global generators
    torch.manual_seed(task.seed)
    model = kind(described(task.train))
    model.fit({TABLE: plain(task.train)})
    settings = {"epochs": model.get_parameters()["epochs"], "rows": "90 %"}
    return Fitted(lambda n: back(model.sample(n), task.train), settings=settings)


def tvae(task: Task) -> Fitted:
    """A variational autoencoder."""
    return fitted(TVAESynthesizer, task)


def ctgan(task: Task) -> Fitted:
    """A conditional generative adversarial network."""
    return fitted(CTGANSynthesizer, task)
