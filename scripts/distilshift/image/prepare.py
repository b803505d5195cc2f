"""What a network does to images before its first layer: resizing and its own normalisation."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Prepare(nn.Module):
    """From images as ``views.plain`` gives them, in -1..1, to what the body was made for.

    Args:
        size: pixels a side that the body sees; those of the images, if not given.
        mean, deviation: of each channel in 0..1, subtracted and divided by; none are, if
            not given.
    """

    def __init__(
        self,
        size: int | None = None,
        mean: tuple[float, ...] | None = None,
        deviation: tuple[float, ...] | None = None,
    ):
        super().__init__()
        self.size, self.mean, self.deviation = size, mean, deviation

    @property
    def facts(self) -> dict:
        """What makes another one like it; for a header."""
        known = {"size": self.size, "mean": self.mean, "deviation": self.deviation}
        return {name: value for name, value in known.items() if value is not None}

    def forward(self, images: Tensor) -> Tensor:
        if self.size not in (None, images.shape[-1]):
            images = F.interpolate(
                images, (self.size, self.size), mode="bilinear", antialias=True, align_corners=False
            )
        if self.mean is None:
            return images
        mean, deviation = (
            torch.tensor(values, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
            for values in (self.mean, self.deviation)
        )
        return ((images + 1) / 2 - mean) / deviation
