"""What one row of the lecture is: a claim, a formula, five lines of code, a figure, and numbers."""

from __future__ import annotations

import inspect
import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pushforward.pages.theme import Form

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Result = SimpleNamespace  # the variables of a row's code, by the names they have there


@dataclass(frozen=True)
class Number:
    """A measured number beside the one that is known.

    Attributes:
        what: in words.
        measured: by the code that is shown.
        known: by theory; None where there is none.
        within: how far the two may be apart; the tests hold them to it.
    """

    what: str
    measured: float
    known: float | None = None
    within: float = 1e-6

    @property
    def holds(self) -> bool:
        """Is the measured number as near to the known one as it should be?"""
        return self.known is None or abs(self.measured - self.known) <= self.within

    @property
    def shown(self) -> str:
        """What was measured, as text."""
        return digits(self.measured)

    @property
    def shown_known(self) -> str:
        """What is known, as text; a dash where nothing is."""
        return "–" if self.known is None else digits(self.known)


def digits(value: float) -> str:
    """A number as it reads best: whole, with up to six digits, or with a power of ten.

    Example:
        >>> digits(0.125), digits(3.0), digits(-2.837877066), digits(2.2e-16)
        ('0.125', '3', '−2.83788', '2.2·10⁻¹⁶')
    """
    if math.isnan(value) or math.isinf(value):
        return str(value).replace("-", "−").replace("inf", "∞")
    if value and not 1e-4 <= abs(value) < 1e6:
        mantissa, power = f"{value:.1e}".split("e")
        return f"{mantissa}·10{str(int(power)).translate(RAISED)}".replace("-", "−")
    return f"{round(value, 5) + 0.0:.6g}".replace("-", "−")


def nothing(_: Result) -> Sequence[str]:
    """What a row says that has nothing to say."""
    return ()


@dataclass(frozen=True)
class Row:
    """One row of the lecture.

    Attributes:
        number: as the lecture counts.
        title: short.
        claim: what the lecture says, in plain sentences.
        formula: in matplotlib's mathtext, without the dollars.
        code: a function without arguments that returns `locals()`; its body is what is shown.
        draw: puts what `code` found on an empty sheet.
        numbers: what it measured, beside what is known.
        alt: the figure in words, for those who cannot see it.
        caption: what to look for.
        size: of the sheet, in inches; narrow, so that a telephone can show it.
        form: "svg" for lines, "png" for clouds of points: what the page embeds.
        says: sentences of the library itself, where it refuses something.
        more: further sentences below the figure.
        seconds: about how long it takes, so that the time left can be told.
    """

    number: int
    title: str
    claim: str
    formula: str
    code: Callable[[], dict[str, Any]]
    draw: Callable[[Figure, Result], None]
    numbers: Callable[[Result], Sequence[Number]]
    alt: str
    caption: str
    size: tuple[float, float] = (5.4, 2.6)
    form: Form = "svg"
    says: Callable[[Result], Sequence[str]] = nothing
    more: str = ""
    seconds: float = 1.0

    def run(self) -> Result:
        """Run the code from one seed, on one thread; the caller's seed and threads are kept.

        On one thread, sums are taken in the same order on every machine; and the networks here
        are so small that a second one costs more than it brings.
        """
        import torch

        from pushforward.training import seeded

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with seeded(0):
                return Result(**self.code())
        finally:
            torch.set_num_threads(threads)

    @property
    def listing(self) -> str:
        """The body of `code` as it is shown: without its head, its docstring and its `return`."""
        lines = inspect.getsource(self.code).splitlines()
        head = next(i for i, line in enumerate(lines) if line.rstrip().endswith(":"))
        body = [
            line for line in lines[head + 1 :] if not line.lstrip().startswith(('"""', "return"))
        ]
        return textwrap.dedent("\n".join(body)).strip()
