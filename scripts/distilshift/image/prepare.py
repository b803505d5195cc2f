"""What a network does to images before its first layer: size, middle, its own normalisation."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Prepare(nn.Module):
    """From images as ``views.plain`` gives them, in -1..1, to what the body was made for.

    Args:
        size: pixels a side that the body sees; those of the images, if not given.
        mean, deviation: of each channel in 0..1, subtracted and divided by; none are, if
            not given.
        interpolation: how they are resized, always antialiased: ``bilinear``, also where
            nothing is given, or ``bicubic``.
        crop: pixels a side of the middle that is kept of them after that; all is, if not
            given.
    """

    def __init__(
        self,
        size: int | None = None,
        mean: tuple[float, ...] | None = None,
        deviation: tuple[float, ...] | None = None,
        interpolation: str | None = None,
        crop: int | None = None,
    ):
        super().__init__()
        self.size, self.mean, self.deviation = size, mean, deviation
        self.interpolation, self.crop = interpolation, crop

    @property
    def facts(self) -> dict:
        """What makes another one like it; for a header."""
        names = ("size", "mean", "deviation", "interpolation", "crop")
        known = {name: getattr(self, name) for name in names}
        return {name: value for name, value in known.items() if value is not None}

    def forward(self, images: Tensor) -> Tensor:
        if self.size not in (None, images.shape[-1]):
            how = {"mode": self.interpolation or "bilinear", "align_corners": False}
            images = F.interpolate(images, (self.size, self.size), antialias=True, **how)
            if how["mode"] == "bicubic":
                images = images.clamp(-1, 1)  # it overshoots at edges
        if self.crop is not None:
            edge = (images.shape[-1] - self.crop) // 2
            images = images[..., edge : edge + self.crop, edge : edge + self.crop]
        if self.mean is None:
            return images
        mean, deviation = (
            torch.tensor(values, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
            for values in (self.mean, self.deviation)
        )
        return ((images + 1) / 2 - mean) / deviation
