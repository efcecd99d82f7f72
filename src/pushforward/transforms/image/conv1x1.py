"""The invertible 1×1 convolution: one linear map of the channels, the same at every pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from pushforward.transforms.image.layer import ImageLayer


class Conv1x1(ImageLayer):
    """z = W·x at every pixel, W = P·L·U; log|det dz/dx| = H·W·Σ log|diag U|.

    P is a fixed permutation, L unit lower triangular, U upper triangular with a diagonal of fixed
    signs whose size is stored as a logarithm, so that W can never become singular (Kingma &
    Dhariwal 2018, section 3.2). It starts at a random rotation, drawn from torch's own generator.
    A density takes one product, a sample two triangular solutions.

    Args:
        channels: C.

    Example:
        >>> layer = Conv1x1(3)
        >>> z, log_det = layer.inverse(torch.randn(5, 3, 4, 4))
        >>> z.shape, bool((log_det.abs() < 1e-4).all())
        (torch.Size([5, 3, 4, 4]), True)
    """

    index: Tensor
    sign: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels))
        order, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.register_buffer("index", order.argmax(1))  # (P·v)[i] = v[index[i]]
        self.register_buffer("sign", diagonal.sign())
        self.lower = nn.Parameter(lower.tril(-1))
        self.upper = nn.Parameter(upper.triu(1))
        self.log_diagonal = nn.Parameter(diagonal.abs().log())

    def factors(self) -> tuple[Tensor, Tensor]:
        """L and U, both (C, C)."""
        lower = self.lower.tril(-1) + torch.eye(len(self.lower)).to(self.lower)
        return lower, self.upper.triu(1) + (self.sign * self.log_diagonal.exp()).diag()

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        lower, upper = self.factors()
        permuted = z.index_select(-3, self.index.argsort()).movedim(-3, 0)
        rows = permuted.reshape(len(upper), -1)
        half = torch.linalg.solve_triangular(lower, rows, upper=False, unitriangular=True)
        x = torch.linalg.solve_triangular(upper, half, upper=True)
        return x.reshape(permuted.shape).movedim(0, -3), -self._log_det(z)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        lower, upper = self.factors()
        weight = (lower @ upper).index_select(0, self.index)
        images, _ = self._rows(x, None, 3)
        z = conv2d(images, weight[:, :, None, None])
        return z.reshape(x.shape), self._log_det(x)

    def _log_det(self, like: Tensor) -> Tensor:
        pixels = like.shape[-2:].numel()
        return (pixels * self.log_diagonal.sum()).expand(like.shape[:-3])
