"""A model on disk: JSON and safetensors, never pickle."""

import pushforward.vae  # noqa: F401  # whose recipe is registered when it is first loaded
from pushforward.storage.config import ColumnRecord, Config, TableRecord
from pushforward.storage.folder import Stored, read_config, read_model, write_model
from pushforward.storage.library import describe, load, save, versions

__all__ = [
    "ColumnRecord",
    "Config",
    "Stored",
    "TableRecord",
    "describe",
    "load",
    "read_config",
    "read_model",
    "save",
    "versions",
    "write_model",
]
