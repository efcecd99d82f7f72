"""Pictures and words about a fitted table model: one page, drawn from what other rooms computed.

    model, table ─ examine ─────────── trust ─┐
    model, history, table ─ rows ─┬─ heading ─ curves ─ marginals ─ pairs ─ latents ─ density
                                  └──────────────── page ─ build ─ write

`examine`, `history` and `measures` compute, without drawing. `theme` is the only file that enters
matplotlib's global settings, and `words` the only one that lets text from data into the page.
"""

from pushforward.report.build import build, write
from pushforward.report.examine import Examined, examine

__all__ = ["Examined", "build", "examine", "write"]
