"""One file for each library; `make` imports only the one that is asked for."""

from __future__ import annotations

from benchmarks.work import Case
from benchmarks.workers.base import Entry, Missing

__all__ = ["Entry", "Missing", "make"]


def make(name: str, case: Case) -> Entry:
    """The entry of that name (see `work.ENTRIES`), built.

    Raises:
        Missing: the library has no such model.
        ValueError: an unknown name.
    """
    library, _, mode = name.partition(" ")
    compiled = mode == "compiled"
    if library == "pushforward":
        from benchmarks.workers.pushforward import Pushforward

        return Pushforward(case, compiled)
    if library == "zuko":
        from benchmarks.workers.zuko import Zuko

        return Zuko(case, compiled)
    if library == "nflows":
        from benchmarks.workers.nflows import Nflows

        return Nflows(case)
    if library == "normflows":
        from benchmarks.workers.normflows import Normflows

        return Normflows(case)
    if library == "freia":
        from benchmarks.workers.freia import Freia

        return Freia(case)
    if library == "flowjax":
        from benchmarks.workers.flowjax import Flowjax

        return Flowjax(case)
    if library == "gemm":
        from benchmarks.workers.gemm import Gemm

        return Gemm(case)
    raise ValueError(f"No entry is called {name!r}.")
