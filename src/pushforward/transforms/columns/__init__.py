"""Rows of mixed columns: categories, whole numbers and real ones, any of them missing."""

from pushforward.transforms.columns.any_order import AnyOrder
from pushforward.transforms.columns.column import Column, Limit
from pushforward.transforms.columns.network import Network

__all__ = ["AnyOrder", "Column", "Limit", "Network"]
