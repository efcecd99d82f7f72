"""The page around the pictures: one file, no scripts, nothing fetched, readable on a telephone."""

from __future__ import annotations

import base64
import hashlib
import html

from pushforward.pages.style import STYLE
from pushforward.pages.words import Html, joined, text

LONGEST_TITLE = 120


def policy() -> str:
    """A content security policy under which only this style sheet and embedded pictures work.

    Example:
        >>> policy().split(";")[0]
        "default-src 'none'"
    """
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def figure(uri: str, alt: str, caption: Html, heading: Html | None = None) -> Html:
    """One picture: `alt` is plain text for those who cannot see it, and is escaped here."""
    above = f"<h3>{heading}</h3>" if heading else ""
    image = f'<img src="{uri}" alt="{html.escape(alt, quote=True)}">'
    return Html(f"<figure>{above}{image}<figcaption>{caption}</figcaption></figure>")


def listing(code: str) -> Html:
    """Lines of code, as they are."""
    return Html(f'<pre tabindex="0"><code>{html.escape(code)}</code></pre>')


def table(head: list[str], body: Html) -> Html:
    """A table under its column heads; on a narrow screen it scrolls by itself."""
    cells = "".join(f'<th scope="col">{text(title)}</th>' for title in head)
    return Html(
        f'<div class="scroll"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def grid(figures: list[Html], wide: bool = False) -> Html:
    """Pictures beside each other, as many as there is room for."""
    return Html(f'<div class="grid{" wide" if wide else ""}">{joined(figures)}</div>')


def section(heading: str, *parts: Html) -> Html:
    """A chapter of the report."""
    return Html(f"<section><h2>{text(heading)}</h2>\n{joined(parts)}</section>")


def page(title: str, parts: list[Html]) -> str:
    """The whole file."""
    shown = text(title if len(title) <= LONGEST_TITLE else title[:LONGEST_TITLE] + "…")
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{shown}</title>\n<style>{STYLE}</style>\n</head>\n"
    )
    body = f"<body>\n<main>\n<h1>{shown}</h1>\n{joined(parts)}\n</main>\n</body>\n</html>\n"
    return head + body
