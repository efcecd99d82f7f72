"""Is a flow right? Measures of its properties as plain numbers; nothing is drawn here."""

from pushforward.diagnostics.check import check
from pushforward.diagnostics.report import CheckReport, Finding

__all__ = ["CheckReport", "Finding", "check"]
