"""How text from a person's file enters a sentence: visible, short, and with its place."""

from __future__ import annotations

from pushforward.text import excerpt, refusal, row_name

__all__ = ["excerpt", "refusal", "row_name"]
