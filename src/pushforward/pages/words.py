"""Text of a report: whatever comes from data is made visible and escaped here, and only here."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from typing import NewType

from pushforward.text import excerpt, visible

Html = NewType("Html", str)  # text that a browser may see; the type checker keeps others out

MOST_NAMES = 12


def text(value: object) -> Html:
    r"""Any text, with control characters made visible and markup escaped.

    Example:
        >>> print(text("<b>\x1b[31m</b>"))
        &lt;b&gt;\x1b[31m&lt;/b&gt;
    """
    return Html(html.escape(visible(str(value))))


def name(value: object) -> Html:
    """A name from data: shortened, escaped, and kept from turning the text around it.

    Example:
        >>> print(name("<script>"))
        <bdi>&lt;script&gt;</bdi>
    """
    return Html(f"<bdi>{html.escape(excerpt(value)[1:-1])}</bdi>")


def names(values: list[str]) -> Html:
    """Several names; of a long list the first ones, and how many more there are.

    Example:
        >>> print(names(["a", "b"]))
        <bdi>a</bdi>, <bdi>b</bdi>
    """
    shown = [name(value) for value in values[:MOST_NAMES]]
    more = len(values) - len(shown)
    return Html(", ".join(shown) + (f" and {more:,} more" if more else ""))


def plural(n: int, noun: str) -> str:
    """A number with its noun.

    Example:
        >>> plural(1, "row"), plural(60000, "row")
        ('1 row', '60,000 rows')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def number(value: object, digits: int = 4) -> str:
    """A number with fixed digits; a dash where there is none.

    Example:
        >>> number(-1.5), number(None), number(float("inf"))
        ('−1.5000', '–', '∞')
    """
    if not isinstance(value, int | float) or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # no minus zero


def share(value: float) -> str:
    """A share in per cent, with a digit more where it is small.

    Example:
        >>> share(0.5), share(0.0123), share(0.0)
        ('50%', '1.2%', '0%')
    """
    return f"{value:.1%}" if 0 < value < 0.1 else f"{value:.0%}"


def paragraph(*sentences: str | None, kind: str = "") -> Html:
    """A paragraph of sentences that are HTML already; `kind` is a class of the style sheet."""
    said = " ".join(s for s in sentences if s)
    return Html(f'<p class="{kind}">{said}</p>' if kind else f"<p>{said}</p>")


def joined(parts: Iterable[Html]) -> Html:
    """Pieces of a page one below the other."""
    return Html("\n".join(parts))
