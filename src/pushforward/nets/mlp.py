"""The plain conditioner: a multilayer perceptron whose last layer starts at zero."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError
from pushforward.kernels.layer import INPUT_LIMIT

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": nn.functional.relu,
    "elu": nn.functional.elu,
    "silu": nn.functional.silu,
    "gelu": nn.functional.gelu,
    "tanh": torch.tanh,
}


def activation_called(name: str) -> Callable[[Tensor], Tensor]:
    """The elementwise function of that name.

    Raises:
        ConfigurationError: the name is not one of `ACTIVATIONS`.
    """
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ConfigurationError(f"activation must be one of {known}, but is {name!r}.")
    return ACTIVATIONS[name]


def hidden_sizes(hidden: Sequence[int]) -> tuple[int, ...]:
    """The layer widths as a tuple.

    Raises:
        ConfigurationError: a width below one.
    """
    sizes = tuple(int(h) for h in hidden)
    if any(h < 1 for h in sizes):
        raise ConfigurationError(f"Every hidden layer needs at least one unit, but hidden={sizes}.")
    return sizes


def linear_from_zero(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer that starts at zero. It is the largest of a conditioner: nothing is drawn."""
    device = torch.get_default_device()  # "meta" where only shapes are wanted
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs, device=device)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def perceptron(
    h: Tensor,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    function: Callable[[Tensor], Tensor],
) -> Tensor:
    """h (inputs, rows) through layers of weights (out, in) and biases (out, 1 or rows).

    Numbers of one unit lie side by side: that is how the univariate maps want their parameters.
    """
    if not len(h):  # the first layer's bias, with what the context gives, is all there is
        h = h.new_zeros(1, h.shape[1])
        weights = [weights[0].new_zeros(len(weights[0]), 1), *weights[1:]]
    h = h.clamp(-INPUT_LIMIT, INPUT_LIMIT)
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        h = torch.addmm(bias, weight, h if i == 0 else function(h))
    return h


class MLP(nn.Module):
    """(..., in_features) and a context (..., context_features) -> (..., out_features).

    The last layer starts at zero, so that a transform conditioned by it starts at the identity.
    With no inputs at all it is one learned vector.

    Example:
        >>> MLP(2, 3, hidden=(8,))(torch.ones(5, 2)).shape
        torch.Size([5, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        hidden: Sequence[int] = (128, 128),
        context_features: int = 0,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        self.in_features = in_features + context_features
        self.activation, self.function = activation, activation_called(activation)
        self.widths = hidden_sizes(hidden)
        if self.in_features:
            widths = (self.in_features, *self.widths)
            self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(widths))
            self.out = linear_from_zero(widths[-1], out_features)
        else:
            self.constant = nn.Parameter(torch.zeros(out_features))

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        if not self.in_features:
            return self.constant.expand(*x.shape[:-1], -1)
        batch = x.shape[:-1]
        rows = x.reshape(batch.numel(), x.shape[-1])
        if context is not None:
            context = context.expand(*batch, -1).reshape(len(rows), context.shape[-1])
        out = perceptron(rows.t(), *self.sources(context), self.function)
        return out.t().reshape(*batch, out.shape[0])

    def sources(self, context: Tensor | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """Each layer's weight, and its bias (units, 1); the first with the context's part.

        With a context (rows, c) the first weight is for the features alone, and the first bias is
        (units, rows).
        """
        layers = [*self.hidden, self.out]
        weights, biases = [p.weight for p in layers], [p.bias[:, None] for p in layers]
        if context is not None:
            given = context.clamp(-INPUT_LIMIT, INPUT_LIMIT).t()
            features = weights[0].shape[1] - len(given)
            biases[0] = torch.addmm(biases[0], weights[0][:, features:], given)
            weights[0] = weights[0][:, :features]
        return weights, biases
