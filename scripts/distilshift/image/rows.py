"""Images as a domain keeps them: one size, grey or RGB."""

from distilshift.image.settings import Input

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

STORED = ("uint8", 4)  # of a dataset: dtype and number of dimensions


def shape(wanted: Input) -> tuple[int, ...]:
    """Of one row as a domain keeps it."""
    return wanted.channels, wanted.size, wanted.size


def conform(images: Tensor, wanted: Input) -> Tensor:
    """uint8 (N, C, H, W) to (N, channels, size, size), antialiased."""
    if images.shape[1] != wanted.channels:
        images = grey(images) if wanted.channels == 1 else images.expand(-1, 3, -1, -1)
    return F.resize(images, [wanted.size, wanted.size], antialias=True)


def grey(images: Tensor) -> Tensor:
    """uint8 (N, 3, H, W) to their luma (N, 1, H, W); what is grey already keeps its values.

    The weights of ITU-R BT.601, as torchvision has them, add up to 0.9999, and what is cut off
    would make every grey value but 0 darker by one.
    """
    red, green, blue = images.split(1, 1)
    return torch.where((red == green) & (green == blue), red, F.rgb_to_grayscale(images))
