"""How images are drawn in figures."""

import torch.nn.functional as F
from matplotlib.axes import Axes
from torch import Tensor

SAMPLES, HEIGHT = 10, 0.56  # of a domain in figures/domains: how many, and inches


def draw(axis: Axes, images: Tensor) -> None:
    """uint8 (N, C, H, W) in one row, a white line around each."""
    framed = F.pad(images, (1, 1, 1, 1), value=255).permute(2, 0, 3, 1)
    axis.imshow(framed.flatten(1, 2).expand(-1, -1, 3), interpolation="nearest")
    axis.set_axis_off()
