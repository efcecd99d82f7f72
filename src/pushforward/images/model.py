"""A flow together with what its images are: bits/dim, samples and latents of images of bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.distributions import Normal
from pushforward.errors import ConfigurationError, ModelError, ShapeError
from pushforward.flow import Flow
from pushforward.images.card import card
from pushforward.images.images import Images
from pushforward.images.suited import refuse_unsuited
from pushforward.storage import Bits, ImageRecord, config_of, read_model, write_model
from pushforward.text import guess, listed
from pushforward.training import seeded

HOTTEST = 1e3  # a temperature beyond which no pixel is left between the extremes
CHUNK = 256  # images scored, drawn or encoded at a time


@dataclass
class ImageModel:
    """A fitted flow of images of one size, given their class or not.

    Attributes:
        flow: in evaluation mode.
        record: shape, number of values, classes, held-out bits/dim.
        training: the command, settings, images, seed and seconds.
    """

    flow: Flow
    record: ImageRecord
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def draws_noise(self) -> bool:
        """Is its log P a bound, which more draws of noise tighten?"""
        return self.flow.kind == "bound"

    def log_prob(self, images: Images, draws: int = 1, seed: int = 0) -> Iterator[np.ndarray]:
        """log P of the images, in nats, some (m) at a time, in order.

        Of a flow that is a bound, each value is log (1/K) Σ exp of K independent bounds: a bound
        again, on average the tighter the more draws (Burda et al. 2016). Equal calls draw alike.

        Args:
            images: of the model's shape and values, with labels where it is conditioned on them.
            draws: K.
            seed: of the noise.

        Raises:
            DataError: images that do not fit.
            ConfigurationError: more than one draw of a model that draws no noise.
        """
        self.require(images)
        if draws > 1 and not self.draws_noise:
            raise ConfigurationError(
                f"This model's log P is {self.flow.kind}, without noise: further draws would all "
                "be equal. Leave out draws."
            )
        with seeded(seed):
            for x, context in self.chunks(images):
                total = np.full(len(x), -math.inf)
                for _ in range(draws):
                    with torch.no_grad():
                        one = self.flow.log_prob(x, context).double().numpy()
                    total = np.logaddexp(total, one)
                yield total - math.log(draws)

    def bits(self, log_prob: np.ndarray) -> np.ndarray:
        """Bits/dim, -log₂ P for each number of an image, from log P in nats."""
        return -log_prob / (math.log(2) * self.record.numbers)

    def judged(self, log_prob: np.ndarray, draws: int = 1) -> Bits:
        """What log P (n) of some images, by so many draws, comes to."""
        bits = self.bits(log_prob)
        with np.errstate(invalid="ignore"):  # infinite ones have no deviation
            error = float(bits.std(ddof=1) / math.sqrt(len(bits))) if len(bits) > 1 else None
        return Bits(
            mean=float(bits.mean()),
            error=error,
            median=float(np.median(bits)),
            images=len(bits),
            kind=self.flow.kind,
            draws=draws,
        )

    def sample(
        self, n: int, seed: int = 0, labels: np.ndarray | None = None, temperature: float = 1.0
    ) -> np.ndarray:
        """New images, uint8 (n, C, H, W).

        Args:
            n: how many.
            seed: of everything random.
            labels: (n), of a model that is conditioned on the class.
            temperature: the base's deviation; below one, images nearer to the mode.

        Raises:
            ConfigurationError: a temperature without a meaning for this model.
            ShapeError: labels that are missing or do not fit.
        """
        flow = self.tempered(temperature)
        context = self.context(labels)
        generator = torch.Generator().manual_seed(seed)
        pixels = np.empty((n, *self.record.shape), np.uint8)
        with seeded(seed):  # layers draw too
            for start in range(0, n, CHUNK):
                size = min(CHUNK, n - start)
                if context is None:
                    x = flow.sample((size,), generator=generator)
                else:
                    x = flow.sample((), context[start : start + size], generator)
                pixels[start : start + size] = self._bytes(x)
        return pixels

    def tempered(self, temperature: float) -> Flow:
        """The flow whose base is N(0, T²·I), sharing all layers.

        Raises:
            ConfigurationError: T is not positive, or the model has no continuous latent of N(0, I).
        """
        if not 0 < temperature <= HOTTEST:
            raise ConfigurationError(
                f"The temperature must be above 0 and at most {HOTTEST:g}, but is {temperature:g}."
            )
        if temperature == 1:
            return self.flow
        self.require_latent("temperature")
        base = Normal(self.flow.base.event_shape[0], scale=temperature).to(self.flow.dtype)
        flow = self.flow
        return Flow(base, list(flow.transform), flow.embed, flow.context_features).eval()

    def require_latent(self, what: str) -> None:
        """Refuse what has no meaning without a continuous latent of N(0, I).

        Raises:
            ConfigurationError: the base is another, or the flow has a probability for each image,
                so that an image is not one latent but a whole cell of them.
        """
        base = self.flow.base
        if self.flow.kind != "bound" or not (isinstance(base, Normal) and base.standard):
            why = (
                "its base is not the standard normal"
                if self.flow.kind == "bound"
                else "it gives each image a probability, and has no continuous latent"
            )
            raise ConfigurationError(f"{what} has no meaning for this model: {why}.")

    def encode(self, images: Images, seed: int = 0) -> Tensor:
        """Latents (n, d) of the images; where noise is drawn, those of one draw.

        Raises:
            DataError: images that do not fit.
        """
        self.require(images)
        with seeded(seed), torch.no_grad():
            return torch.cat([self.flow.encode(x, c) for x, c in self.chunks(images)])

    def decode(self, z: Tensor, context: Tensor | None = None) -> np.ndarray:
        """Images, uint8 (n, C, H, W), of latents (n, d), given contexts (n, c) as of `context`."""
        with torch.no_grad():
            return self._bytes(self.flow.decode(z, context))

    def context(self, labels: np.ndarray | None) -> Tensor | None:
        """Labels (n) as the flow takes them, (n, classes): one at the class, else zeros.

        Raises:
            ShapeError: labels for a model without classes, none for one with, or one too large.
        """
        classes = len(self.record.classes)
        if bool(classes) != (labels is not None):
            raise ShapeError(
                f"This model is conditioned on one of {classes} classes; give labels."
                if classes
                else "This model is not conditioned on classes; leave out labels."
            )
        if labels is None:
            return None
        if labels.min(initial=0) < 0 or labels.max(initial=0) >= classes:
            raise ShapeError(f"Labels must be from 0 to {classes - 1}.")
        return torch.nn.functional.one_hot(torch.from_numpy(labels), classes).to(self.flow.dtype)

    def label(self, name: str) -> int:
        """The label of a class by its name.

        Raises:
            ConfigurationError: the model has no classes, or none of that name.
        """
        classes = self.record.classes
        if not classes:
            raise ConfigurationError("This model is not conditioned on classes.")
        if name not in classes:
            raise ConfigurationError(
                f"There is no class {name!r}{guess(name, classes)}; there are {listed(classes)}."
            )
        return classes.index(name)

    def require(self, images: Images) -> None:
        """Refuse images that are not of this model's kind.

        Raises:
            DataError: of another shape or number of values, or without the labels that it needs.
        """
        refuse_unsuited(images, self.record)

    def write(self, folder: Path) -> None:
        """Write the model's files into an existing folder.

        Raises:
            DataError: the folder cannot be written.
        """
        config = config_of(self.flow, images=self.record, training=self.training)
        write_model(folder, self.flow, config, {}, card(config))

    def chunks(self, images: Images) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Images as the flow takes them, (m, C, H, W), and their classes (m, c) or None."""
        labels = images.labels if self.record.classes else None
        for start in range(0, len(images), CHUNK):
            rows = slice(start, start + CHUNK)
            x = torch.from_numpy(images.pixels[rows]).to(self.flow.dtype)
            yield x, self.context(None if labels is None else labels[rows])

    def _bytes(self, x: Tensor) -> np.ndarray:
        """Whole numbers of x (n, C, H, W), those nearest, within the values that there are."""
        return x.round().clamp(0, self.record.levels - 1).to(torch.uint8).numpy()


def load_image_model(folder: str | Path) -> ImageModel:
    """Read a fitted model of images.

    Raises:
        ModelError: as `pushforward.load`, or a model of something else, or whose flow is of other
            images than its config says.
    """
    stored = read_model(folder)
    flow, record = stored.flow.requires_grad_(False), stored.config.images
    if record is None:
        what = "of a table" if stored.config.table else "that was saved without a word on images"
        raise ModelError(f"{folder} is a model {what}, not of images.")
    if flow.event_shape != record.shape or flow.context_features != len(record.classes):
        raise ModelError(
            f"{folder} is of {record.words()}, but its flow is of shape "
            f"{tuple(flow.event_shape)} given {flow.context_features} numbers."
        )
    return ImageModel(flow, record, stored.config.training)
