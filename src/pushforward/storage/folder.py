"""A model on disk: a folder of config.json, model.safetensors, manifest.json, and words.

The manifest holds the SHA-256 of the config and the tensors: it detects damage and accidents; it
authenticates nobody. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from pushforward.errors import DataError, ModelError
from pushforward.files import naming, refuse_existing, sha256, write_bytes, write_text
from pushforward.flow import Flow
from pushforward.flows import rebuild
from pushforward.limits import DOCUMENT, opened, read_bytes, refuse_costly, refuse_outside
from pushforward.limits import MANIFEST as MANIFEST_BYTES
from pushforward.storage.config import Config, parse
from pushforward.storage.shapes import DTYPES, FLOW, facts_of, refuse_other_shapes
from pushforward.storage.shipped import place_of, shipped

CONFIG, TENSORS, MANIFEST, CARD = "config.json", "model.safetensors", "manifest.json", "README.md"
HASHED = (CONFIG, TENSORS)
FILES = (*HASHED, CARD, MANIFEST)


@dataclass(frozen=True)
class Stored:
    """What a model folder holds: the flow, the config, and tensors beside the flow's."""

    flow: Flow
    config: Config
    extras: dict[str, Tensor]


def write_model(
    folder: Path, flow: Flow, config: Config, extras: dict[str, Tensor], card: str
) -> None:
    """Write the files of a model into an existing folder, the manifest last.

    Raises:
        DataError: the folder cannot be written.
    """
    tensors = {FLOW + k: v.detach().cpu().contiguous() for k, v in flow.state_dict().items()}
    write_text(folder / CONFIG, config.model_dump_json(indent=2) + "\n")
    write_bytes(folder / TENSORS, save(tensors | extras))
    write_text(folder / CARD, card)
    hashes = {name: sha256(folder / name) for name in HASHED}
    write_text(folder / MANIFEST, json.dumps(hashes, indent=2) + "\n")


def refuse_folder(path: Path, force: bool) -> None:
    """Raise `DataError` where no model may take the name `path`.

    `force` replaces a model (or an empty folder), but never anything else.
    """
    refuse_existing(path, force)
    with naming(path):
        if path.exists() and not (is_model(path) or (path.is_dir() and not any(path.iterdir()))):
            raise DataError(f"{path} is no model, so it is not replaced; give another name.")


def is_model(path: Path) -> bool:
    """Does the folder look like one of ours? Its content is checked by whoever reads it."""
    return bool(path.name) and all((path / name).is_file() for name in (MANIFEST, *HASHED))


def read_model(folder: str | Path) -> Stored:
    """Read a model folder, checking hashes and shapes before any tensor is allocated.

    Args:
        folder: its path, or the name of a model that comes with the package.

    Raises:
        ModelError: no such model, a file missing, damaged, altered or beyond the caps of
            `pushforward.limits`, of a newer format, or whose tensors are not those that its config
            describes.
    """
    folder = place_of(folder)
    config = read_config(folder)
    path = folder / TENSORS
    with _refusing_damage(path), opened(path) as (file, slices):
        refuse_other_shapes(path, {k: facts_of(v) for k, v in slices.items()}, config)
        tensors = {name: file.get_tensor(name) for name in slices}
    flow = rebuild(config.flow.model_dump()).to(DTYPES[config.dtype])
    flow.load_state_dict(
        {k.removeprefix(FLOW): v for k, v in tensors.items() if k.startswith(FLOW)}
    )
    extras = {k: v for k, v in tensors.items() if not k.startswith(FLOW)}
    return Stored(flow.eval(), config, extras)


def read_config(folder: str | Path) -> Config:
    """The config of a model folder, after the hashes of its manifest have been checked.

    Raises:
        ModelError: as `read_model`.
    """
    folder = place_of(folder)
    if not folder.is_dir():
        raise ModelError(
            f"{folder} is not a model: there is no such folder. Models that come with the package: "
            f"{', '.join(shipped())}."
        )
    for name in (MANIFEST, *HASHED):
        if not (folder / name).is_file():
            hint = "; is its fit still unfinished?" if folder.name.endswith(".partial") else "."
            raise ModelError(f"{folder} is not a whole model: {name} is missing{hint}")
        refuse_outside(folder / name)
    with _refusing_damage(folder / MANIFEST):
        manifest = json.loads(read_bytes(folder / MANIFEST, MANIFEST_BYTES))
        expected = {name: manifest[name] for name in HASHED}
    with _refusing_damage(folder / CONFIG):
        config = read_bytes(folder / CONFIG, DOCUMENT)
    with _refusing_damage(folder / TENSORS):
        refuse_costly(folder / TENSORS)  # before it is read from end to end for its hash
    for name, digest in expected.items():
        with _refusing_damage(folder / name):
            actual = sha256(folder / name)
        if actual != digest:
            raise ModelError(
                f"{folder / name} was altered or damaged: its SHA-256 is not the one in "
                f"{MANIFEST}. Get the model anew."
            )
    with _refusing_damage(folder / CONFIG):
        return parse(config, str(folder / CONFIG))


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    """Turn what a file's content or the disk may raise into one sentence that names the file."""
    try:
        yield
    except ModelError:
        raise
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read, or is damaged: {error}.") from error
