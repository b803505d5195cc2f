"""Images as a domain keeps them: one size, grey or RGB."""

from distilshift.image.settings import Input

from torch import Tensor
from torchvision.transforms.v2 import functional as F

STORED = ("uint8", 4)  # of a dataset: dtype and number of dimensions


def conform(images: Tensor, wanted: Input) -> Tensor:
    """uint8 (N, C, H, W) to (N, channels, size, size), antialiased."""
    if images.shape[1] != wanted.channels:
        grey = wanted.channels == 1
        images = F.rgb_to_grayscale(images) if grey else images.expand(-1, 3, -1, -1)
    return F.resize(images, [wanted.size, wanted.size], antialias=True)
