"""The lecture on normalizing flows, drawn by the library itself."""

from pushforward.lecture.build import chosen, draw
from pushforward.lecture.row import Number, Row
from pushforward.lecture.rows import ROWS

__all__ = ["ROWS", "Number", "Row", "chosen", "draw"]
