"""Is a flow right (check)? Is it good (diagnose)? Plain numbers; nothing is drawn here."""

from pushforward.diagnostics.check import check
from pushforward.diagnostics.diagnose import diagnose
from pushforward.diagnostics.diagnosis import Diagnosis
from pushforward.diagnostics.report import CheckReport, Finding

__all__ = ["CheckReport", "Diagnosis", "Finding", "check", "diagnose"]
