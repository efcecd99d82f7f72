"""Reading ahead and writing behind: three stages of a stream at work at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items, the next of which is fetched while the present one is worked on.

    Parsing and arithmetic run outside Python's lock for the most part. An error comes where the
    item would have come.

    Example:
        >>> list(ahead(range(3)))
        [0, 1, 2]
    """
    source, end = iter(items), object()
    with ThreadPoolExecutor(1, "read ahead") as pool:
        due: Future[T | object] = pool.submit(next, source, end)
        while (item := due.result()) is not end:
            due = pool.submit(next, source, end)
            yield item  # type: ignore[misc]


def behind(items: Iterable[T], take: Callable[[T], None]) -> None:
    """Hand every item to `take`, in order, while the next one is being made.

    An error of `take` is raised before another item is handed over.

    Example:
        >>> found = []
        >>> behind(range(3), found.append)
        >>> found
        [0, 1, 2]
    """
    with ThreadPoolExecutor(1, "write behind") as pool:
        last: Future[None] | None = None
        for item in items:
            if last is not None:
                last.result()
            last = pool.submit(take, item)
        if last is not None:
            last.result()
