"""Models that come with the package, to be named where a model's folder is asked for."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "models"


def shipped() -> list[str]:
    """The names of the models that come with the package.

    Example:
        >>> "mnist-glow" in shipped()
        True
    """
    return sorted(folder.name for folder in SHIPPED.iterdir() if folder.is_dir())


def place_of(model: str | Path) -> Path:
    """The folder of a model: the one given, or a shipped one of that name where there is none."""
    given = Path(model)
    if given.name == str(model) and not given.exists() and (SHIPPED / given).is_dir():
        return SHIPPED / given
    return given
