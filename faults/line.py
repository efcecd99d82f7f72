"""What a campaign reports."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """One line of the page.

    Attributes:
        what: was done, and how often.
        figure: what came of it, with its unit.
        promised: what should have come of it.
        kept: whether it did; None for a figure about which nothing is promised.
    """

    what: str
    figure: str
    promised: str = ""
    kept: bool | None = None
