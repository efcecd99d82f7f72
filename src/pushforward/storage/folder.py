"""A model on disk: a folder of config.json, model.safetensors, manifest.json, and words.

The manifest holds the SHA-256 of the config and the tensors: it detects damage and accidents; it
authenticates nobody. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pushforward.errors import ModelError
from pushforward.files import naming, replacing, sha256, write_text
from pushforward.flow import Flow
from pushforward.flows import rebuild
from pushforward.storage.config import Config, parse

CONFIG, TENSORS, MANIFEST, CARD = "config.json", "model.safetensors", "manifest.json", "README.md"
DTYPES = {"float32": torch.float32, "float64": torch.float64}
FLOW = "flow."  # the flow's tensors carry this prefix; others are the model's own


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
    with replacing(folder / TENSORS) as draft:
        save_file(tensors | extras, draft)
    write_text(folder / CARD, card)
    hashes = {name: sha256(folder / name) for name in (CONFIG, TENSORS)}
    write_text(folder / MANIFEST, json.dumps(hashes, indent=2) + "\n")


def read_model(folder: str | Path) -> Stored:
    """Read a model folder, checking hashes and shapes before any tensor is allocated.

    Raises:
        ModelError: no such model, a file missing, damaged or altered, of a newer format, or whose
            tensors are not those that its config describes.
    """
    folder = Path(folder)
    config = read_config(folder)
    path = folder / TENSORS
    try:
        with naming(path), safe_open(path, framework="pt") as file:
            names = list(file.keys())
            header = {
                name: (
                    tuple(file.get_slice(name).get_shape()),
                    str(file.get_slice(name).get_dtype()),
                )
                for name in names
            }
            _refuse_other_shapes(path, header, config)
            tensors = {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ModelError(f"{path} is damaged: {error}.") from error
    flow = rebuild(config.flow.model_dump()).to(DTYPES[config.dtype])
    flow.load_state_dict(
        {k.removeprefix(FLOW): v for k, v in tensors.items() if k.startswith(FLOW)}
    )
    extras = {k: v for k, v in tensors.items() if not k.startswith(FLOW)}
    return Stored(flow.eval(), config, extras)


def read_config(folder: Path) -> Config:
    """The config of a model folder, after the hashes of its manifest have been checked.

    Raises:
        ModelError: as `read_model`.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a model: there is no such folder.")
    for name in (MANIFEST, CONFIG, TENSORS):
        if not (folder / name).is_file():
            hint = "; is its fit still unfinished?" if folder.name.endswith(".partial") else ""
            raise ModelError(f"{folder} is not a whole model: {name} is missing{hint}")
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        expected = {name: str(manifest[name]) for name in (CONFIG, TENSORS)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / MANIFEST} is damaged: {error}.") from error
    for name, digest in expected.items():
        if sha256(folder / name) != digest:
            raise ModelError(
                f"{folder / name} was altered or damaged: its SHA-256 is not the one in "
                f"{MANIFEST}. Get the model anew."
            )
    return parse((folder / CONFIG).read_text(encoding="utf-8"), str(folder / CONFIG))


def _refuse_other_shapes(
    path: Path, header: dict[str, tuple[tuple[int, ...], str]], config: Config
) -> None:
    """Compare the file's tensors with those of the flow described, built without memory."""
    with torch.device("meta"):
        described = rebuild(config.flow.model_dump()).to(DTYPES[config.dtype])
    expected = {
        FLOW + name: (tuple(value.shape), _safetensors_name(value.dtype))
        for name, value in described.state_dict().items()
    }
    stored = {name: facts for name, facts in header.items() if name.startswith(FLOW)}
    for name in sorted(expected.keys() | stored.keys()):
        if expected.get(name) != stored.get(name):
            raise ModelError(
                f"{path} does not fit its config: tensor {name} should be "
                f"{expected.get(name, 'absent')}, but is {stored.get(name, 'absent')}."
            )


def _safetensors_name(dtype: torch.dtype) -> str:
    names = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64", torch.bool: "BOOL"}
    return names[dtype]
