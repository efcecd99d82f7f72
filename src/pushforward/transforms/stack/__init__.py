"""Mixtures of densities that take their features in one order, as one triangular transform.

conditionals ── member ── chain, gaussians ── stack
"""

from pushforward.transforms.stack.chain import Chain
from pushforward.transforms.stack.gaussians import Gaussians
from pushforward.transforms.stack.member import Member
from pushforward.transforms.stack.stack import Stack

__all__ = ["Chain", "Gaussians", "Member", "Stack"]
