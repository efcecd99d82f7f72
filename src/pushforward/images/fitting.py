"""From images to an `ImageModel`: choose the recipe's arguments, fit, and judge."""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows import RECIPES, image_recipes
from pushforward.images.images import Images
from pushforward.images.model import ImageModel, load_image_model
from pushforward.images.suited import classes_of
from pushforward.storage import ImageRecord
from pushforward.training import FitResult, Settings, fit, seeded, split_index

AUTO = "glow"  # the recipe where none is named
BATCH = 128  # images a step
STARTED_ON = 1024  # images from which actnorms and the like are set before the first step


@dataclass(frozen=True)
class ImageRequest:
    """What a person asks of a fit of images.

    Attributes:
        recipe: the name of a recipe of images; `AUTO` where None.
        epochs, time_budget: the limit, one of the two (`time_budget` in seconds).
        seed: of everything random.
        arguments: further arguments of the recipe.
        training: further settings of the fit, by name.
        by_class: condition on the label.
        command: what was typed, for the model's record.
    start: a model of images to go on from: its folder, or the name of one that comes with the
        package. Its flow is trained further, under a schedule of its own.
    """

    recipe: str | None = None
    epochs: int | None = None
    time_budget: float | None = None
    seed: int = 0
    arguments: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    by_class: bool = False
    command: str | None = None
    start: str | Path | None = None


def fit_images(
    images: Images,
    request: ImageRequest,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> tuple[ImageModel, FitResult]:
    """Fit a flow to images by maximum likelihood.

    A tenth of them (`Settings.validation`) is set aside: the best epoch is chosen by it, and the
    model's held-out bits/dim are its.

    Args:
        images: what to fit to.
        request: the recipe and its settings.
        checkpoint, resume, progress: as of `pushforward.fit`.

    Raises:
        ConfigurationError: an unknown recipe or argument, or one that the images tell.
        DataError: labels were asked for, and there are none.
        TrainingError, ModelError: as `pushforward.fit`.

    Example:
        >>> from pushforward.images import read_images
        >>> request = ImageRequest(epochs=1, arguments={"levels": 1, "steps": 1, "hidden": 4})
        >>> model, _ = fit_images(read_images("digits8", rows=50), request)
        >>> model.record.heldout.images, model.record.heldout.kind
        (5, 'bound')
    """
    record = ImageRecord(
        shape=images.shape,
        levels=images.levels,
        classes=classes_of(images) if request.by_class else [],
    )
    before = None if request.start is None else load_image_model(request.start)
    flow = build(record, request) if before is None else _going_on(before, record, request)
    model = ImageModel(flow, record)
    settings = {"batch_size": BATCH, **request.training}
    share = settings.get("validation", Settings.validation)
    kept, aside = (i.numpy() for i in split_index(len(images), share, request.seed))
    model.require(images)
    context = model.context(images.labels if request.by_class else None)
    if before is None:
        _start(model, images, kept, request.seed)
    result = fit(
        model.flow,
        images.pixels,
        context,
        epochs=request.epochs,
        time_budget=request.time_budget,
        seed=request.seed,
        checkpoint=checkpoint,
        resume=resume,
        progress=progress,
        **settings,
    )
    heldout = images.take(aside if len(aside) else kept)
    scores = np.concatenate(list(model.log_prob(heldout, seed=request.seed)))
    model.record = record.model_copy(update={"heldout": model.judged(scores)})
    model.training = {
        **({} if request.command is None else {"command": request.command}),
        "data": images.source,
        "images": len(kept),
        "heldout_images": len(aside),
        "seed": request.seed,
        "seconds": round(result.seconds, 1),
        "best_epoch": result.best_epoch,
        "stopped": result.stopped,
        "settings": asdict(result.settings),
    }
    if before is not None:
        _remember(before.training, model.training)
    return model, result


def build(record: ImageRecord, request: ImageRequest) -> Flow:
    """The untrained flow that a request asks for.

    Raises:
        ConfigurationError: as `fit_images`.
    """
    called = AUTO if request.recipe is None else request.recipe
    if called not in (known := image_recipes()):
        kind = " of images" if called in RECIPES else ""
        raise ConfigurationError(
            f"There is no flow{kind} called {called!r}; there are {', '.join(known)}."
        )
    recipe = RECIPES[called]
    taken = [name for name in inspect.signature(recipe).parameters if name != "self"]
    told = {"shape": list(record.shape), "values": record.levels}
    if record.classes:
        told["context_features"] = len(record.classes)
    for name in request.arguments:
        if name in (*told, "context_features"):
            raise ConfigurationError(f"{name} is told by the images; leave it out.")
        if name not in taken:
            free = ", ".join(n for n in taken if n not in (*told, "context_features"))
            raise ConfigurationError(f"{called} has no argument called {name!r}; there are {free}.")
    try:
        with seeded(request.seed):
            flow = recipe(**told, **request.arguments)
    except TypeError as error:
        raise ConfigurationError(f"{called} cannot be made so: {error}.") from error
    if not getattr(flow.support, "closed", False):
        raise ConfigurationError(
            f"{called} with these arguments is a density of real numbers; images are whole "
            "ones, whose bits/dim it cannot tell. Leave out dequantize=none and the like."
        )
    return flow


def _going_on(before: ImageModel, record: ImageRecord, request: ImageRequest) -> Flow:
    """The flow of a model, to be trained further.

    Raises:
        ConfigurationError: it is of other images, of another recipe, or arguments were given.
    """
    was = before.record
    if (was.shape, was.levels, was.classes) != (record.shape, record.levels, record.classes):
        raise ConfigurationError(
            f"{request.start} is of {was.words()}; the images are {record.words()}."
        )
    recipe = (before.flow.made_by or {}).get("recipe")
    if request.arguments or request.recipe not in (None, recipe):
        raise ConfigurationError(
            f"{request.start} is a {recipe} whose sizes are set; leave out --flow and --set."
        )
    return before.flow.requires_grad_(True)


def _remember(before: dict[str, Any], training: dict[str, Any]) -> None:
    """Put what a model was made by before into the record of its further training."""
    commands = [t["command"] for t in (before, training) if "command" in t]
    if commands:
        training["command"] = "; then ".join(commands)
    training["seconds"] = round(before.get("seconds", 0.0) + training["seconds"], 1)


def _start(model: ImageModel, images: Images, kept: np.ndarray, seed: int) -> None:
    """Set what hangs on the data from some of the images: all at once would fill the memory."""
    chosen = np.random.default_rng(seed).permutation(kept)[:STARTED_ON]
    some = images.take(np.sort(chosen))
    x = torch.from_numpy(some.pixels).to(model.flow.dtype)
    with seeded(seed):
        model.flow.initialize(x, model.context(some.labels if model.record.classes else None))
