"""The training rows themselves: what a perfect maker would be judged as, but for its copies."""

from __future__ import annotations

import pandas as pd

from benchmarks.mixed.methods import Fitted, Task


def real(task: Task) -> Fitted:
    """No model: each of the rows once, then rows drawn from them at random, with replacement."""

    def sample(n: int) -> pd.DataFrame:
        again = task.train.sample(n - len(task.train), replace=True, random_state=task.seed)
        return pd.concat([task.train, again])

    return Fitted(sample, settings={"rows": "90 %"})
