"""Which features a coupling layer moves: patterns under which every pair meets."""

from __future__ import annotations


def alternating(features: int, layer: int) -> list[int]:
    """The features moved by coupling layer number `layer`.

    Layers 2i and 2i + 1 move the features whose index has bit i set, and those without it, so that
    after 2·⌈log₂ d⌉ layers each pair of features has been on opposite sides (Müller et al. 2019,
    section 3.3).

    Example:
        >>> [alternating(4, layer) for layer in range(4)]
        [[1, 3], [0, 2], [2, 3], [0, 1]]
    """
    if features == 1:
        return [0]
    bits = (features - 1).bit_length()
    bit, side = (layer // 2) % bits, 1 - layer % 2
    return [i for i in range(features) if (i >> bit) & 1 == side]


def alternating_order(features: int, layer: int) -> list[int]:
    """The order of autoregressive layer number `layer`: natural, then reversed, and so on.

    Example:
        >>> alternating_order(3, 1)
        [2, 1, 0]
    """
    order = list(range(features))
    return order[::-1] if layer % 2 else order
