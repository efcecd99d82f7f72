"""A model on disk: JSON and safetensors, never pickle."""

import pushforward.vae  # noqa: F401  # whose recipe is registered when it is first loaded
from pushforward.storage.config import ColumnRecord, Config, TableRecord
from pushforward.storage.folder import Stored, read_config, read_model, write_model
from pushforward.storage.images import Bits, ImageRecord
from pushforward.storage.library import config_of, describe, load, save, versions

__all__ = [
    "Bits",
    "ColumnRecord",
    "Config",
    "ImageRecord",
    "Stored",
    "TableRecord",
    "config_of",
    "describe",
    "load",
    "read_config",
    "read_model",
    "save",
    "versions",
    "write_model",
]
