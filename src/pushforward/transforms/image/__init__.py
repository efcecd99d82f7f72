"""Transforms of images, events (C, H, W), under the one contract."""

from pushforward.transforms.image.conv1x1 import Conv1x1
from pushforward.transforms.image.coupling import ImageCoupling
from pushforward.transforms.image.dequantize import Dequantize, logit_pixels
from pushforward.transforms.image.patches import PatchAutoregressive, Patches
from pushforward.transforms.image.pixels import PixelByPixel
from pushforward.transforms.image.pixelwise import Pixelwise, image_actnorm
from pushforward.transforms.image.reshape import Reshape
from pushforward.transforms.image.split import Split
from pushforward.transforms.image.squeeze import Haar, Squeeze
from pushforward.transforms.image.variational import VariationalDequantize

__all__ = [
    "Conv1x1",
    "Dequantize",
    "Haar",
    "ImageCoupling",
    "PatchAutoregressive",
    "Patches",
    "PixelByPixel",
    "Pixelwise",
    "Reshape",
    "Split",
    "Squeeze",
    "VariationalDequantize",
    "image_actnorm",
    "logit_pixels",
]
