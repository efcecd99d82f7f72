"""The autoregressive conditioner of sequences: a causal transformer (Vaswani et al. 2017).

What is told of a token enters one place later, so that each place sees the tokens before it and no
other. Token by token, each attention keeps the keys and values of those before: a whole walk costs
the multiplications of one dense pass.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from pushforward.errors import ConfigurationError
from pushforward.kernels import transformed
from pushforward.kernels.layer import INPUT_LIMIT
from pushforward.nets.mlp import activation_called, linear_from_zero

INNER = 4  # units of a block's perceptron for each of its stream


class Cache:
    """Keys and values (2, n, heads, t, d) of the tokens so far, of at most `tokens`.

    They are joined anew at each token where autograd or torch.func look on, which cannot have
    memory written to; else there is room for all of them from the beginning.
    """

    def __init__(self, tokens: int) -> None:
        self.tokens, self.known = tokens, 0
        self.held: Tensor | None = None
        self.watched = torch.is_grad_enabled() or transformed()

    def extend(self, pair: Tensor) -> Tensor:
        """All of them, with those of one token more, (2, n, heads, 1, d)."""
        if self.watched:
            self.held = pair if self.held is None else torch.cat([self.held, pair], 3)
            return self.held
        if self.held is None:
            self.held = pair.new_empty(*pair.shape[:3], self.tokens, pair.shape[4])
        self.held[:, :, :, self.known : self.known + 1] = pair
        self.known += 1
        return self.held[:, :, :, : self.known]


class TransformerBlock(nn.Module):
    """h + attention(norm(h)), and then h + perceptron(norm(h)); (n, T, width) both ways.

    With a cache, h (n, 1, width) is the next token alone.
    """

    def __init__(self, width: int, heads: int, activation: str) -> None:
        super().__init__()
        self.heads, self.function = heads, activation_called(activation)
        self.before_attention, self.before_inner = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.inner = nn.Linear(width, INNER * width)
        self.outer = nn.Linear(INNER * width, width)

    def forward(self, h: Tensor, cache: Cache | None = None) -> Tensor:
        h = h + self.attended(self._attention(self.before_attention(h), cache))
        added: Tensor = self.outer(self.function(self.inner(self.before_inner(h))))
        return h + added

    def _attention(self, h: Tensor, cache: Cache | None) -> Tensor:
        parts = self.attend(h).unflatten(-1, (3, self.heads, h.shape[-1] // self.heads))
        parts = parts.permute(2, 0, 3, 1, 4)
        queries, pair = parts[0], parts[1:]
        keys, values = (pair if cache is None else cache.extend(pair)).unbind()
        seen = scaled_dot_product_attention(queries, keys, values, is_causal=cache is None)
        return seen.transpose(1, 2).flatten(2)


class CausalTransformer(nn.Module):
    """(n, T, in_features) -> (n, T, out_features), at each place given the tokens before it.

    Blocks of attention and a perceptron, each behind a LayerNorm (Xiong et al. 2020), on learned
    places. A context (n, c) is added at every place. The last layer starts at zero.

    Args:
        tokens: T.
        in_features, out_features: of each token, and at each place.
        layers: how many blocks.
        width: of the stream.
        heads: of each attention; they share the width.
        context_features: length of the context vector, 0 for none.
        activation: one of `pushforward.nets.ACTIVATIONS`.

    Raises:
        ConfigurationError: a width that the heads cannot share, or an unknown activation.

    Example:
        >>> net = CausalTransformer(6, 3, 2, width=8, heads=2)
        >>> net(torch.ones(5, 6, 3)).shape
        torch.Size([5, 6, 2])
        >>> walk = net.walk(5)
        >>> walk.next().shape
        torch.Size([5, 1, 2])
        >>> walk.feed(torch.ones(5, 1, 3))
    """

    def __init__(
        self,
        tokens: int,
        in_features: int,
        out_features: int,
        layers: int = 2,
        width: int = 64,
        heads: int = 4,
        context_features: int = 0,
        activation: str = "gelu",
    ) -> None:
        super().__init__()
        if heads < 1 or width < 1 or width % heads:
            raise ConfigurationError(
                "The heads share the width, which must be a multiple of their number, but there "
                f"are {heads} of them and a width of {width}."
            )
        self.embed = nn.Linear(in_features, width)
        self.places = nn.Parameter(0.02 * torch.randn(tokens, width))
        self.given = nn.Linear(context_features, width, bias=False) if context_features else None
        self.blocks = nn.ModuleList(
            TransformerBlock(width, heads, activation) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.out = linear_from_zero(width, out_features)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        h = self.placed(pad(self.told(x[:, :-1]), (0, 0, 1, 0)), context)
        for block in self.blocks:
            h = block(h)
        return self.answer(h)

    def walk(self, rows: int, context: Tensor | None = None) -> TransformerWalk:
        """Begin a walk through the tokens of that many rows; context (rows, c)."""
        return TransformerWalk(self, rows, context)

    def told(self, x: Tensor) -> Tensor:
        """What tokens (n, k, in_features) add to the stream at the places after them."""
        told: Tensor = self.embed(x.clamp(-INPUT_LIMIT, INPUT_LIMIT))
        return told

    def placed(self, h: Tensor, context: Tensor | None, first: int = 0) -> Tensor:
        """The stream (n, k, width) of the places from `first` on, before any block."""
        h = h + self.places[first : first + h.shape[1]]
        if self.given is None or context is None:
            return h
        added: Tensor = self.given(context.clamp(-INPUT_LIMIT, INPUT_LIMIT))
        return h + added[:, None]

    def answer(self, h: Tensor) -> Tensor:
        """The stream behind all blocks -> (n, k, out_features)."""
        out: Tensor = self.out(self.norm(h))
        return out


class TransformerWalk:
    """A walk through the tokens: ask for what the net says of the next one, then tell it.

    Gradients pass through it as through a dense pass.
    """

    def __init__(self, net: CausalTransformer, rows: int, context: Tensor | None) -> None:
        self.net, self.context, self.step = net, context, 0
        self.last = net.places.new_zeros(rows, 1, net.places.shape[1])  # before the first: nothing
        self.caches = [Cache(len(net.places)) for _ in net.blocks]

    def next(self) -> Tensor:
        """(rows, 1, out_features) for the next token, given those fed before."""
        h = self.net.placed(self.last, self.context, self.step)
        for block, cache in zip(self.net.blocks, self.caches, strict=True):
            h = block(h, cache)
        return self.net.answer(h)

    def feed(self, token: Tensor) -> None:
        """The value (rows, 1, in_features) of the token that was asked for last."""
        self.last = self.net.told(token)
        self.step += 1
