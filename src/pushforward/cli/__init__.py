"""The command `pushforward`."""

from pushforward.cli.app import app, main

__all__ = ["app", "main"]
