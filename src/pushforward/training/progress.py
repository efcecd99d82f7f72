"""What a person sees while a fit runs: the NLL, its two terms, and the time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Progress(Protocol):
    """Told at every step how far the fit is (0 to 1) and, at every epoch, its figures."""

    def __call__(self, share: float, entry: dict[str, Any] | None = None) -> None: ...


def silent(share: float, entry: dict[str, Any] | None = None) -> None:
    """Show nothing."""


def figures(entry: dict[str, Any]) -> str:
    """The figures of one epoch in a line, nats per row."""
    judged = entry["validation"] or entry["train"]
    if judged is None:
        return f"epoch {entry['epoch']}  no finite step"
    return (
        f"epoch {entry['epoch']}  NLL {judged['nll']:.3f} = "
        f"{judged['nll_base']:.3f} (base) + {judged['nll_log_det']:.3f} (log-det)"
    )


@contextmanager
def bar(show: bool, label: str = "fit") -> Iterator[Progress]:
    """A rich progress bar on standard error, or nothing."""
    if not show:
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn(label),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with RichProgress(*columns, console=Console(stderr=True)) as display:
        task = display.add_task("", total=1.0)

        def update(share: float, entry: dict[str, Any] | None = None) -> None:
            if entry is None:
                display.update(task, completed=share)
            else:
                display.update(task, completed=share, description=figures(entry))

        yield update
