"""What every shift is made with: random draws a sample, textures, and bytes.

Every sample has a generator of its own, seeded by its id: a drawn array of a batch is
the stack of what each sample draws by itself.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Draws = list[np.random.Generator]
Shift = Callable[[Tensor, Draws, float], Tensor]


def uniform(draws: Draws, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """float32 (N, *shape) between ``low`` and ``high``."""
    drawn = np.stack([draw.random(shape, np.float32) for draw in draws])
    return torch.from_numpy(drawn) * (high - low) + low


def normal(draws: Draws, *shape: int) -> Tensor:
    """float32 (N, *shape), mean 0, standard deviation 1."""
    return torch.from_numpy(np.stack([draw.standard_normal(shape, np.float32) for draw in draws]))


def texture(draws: Draws, channels: int, height: int, width: int, cells: int = 4) -> Tensor:
    """A smooth random texture a sample, 0..1: coarse random cells, interpolated."""
    coarse = uniform(draws, channels, cells, cells)
    return F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False).clamp(0, 1)


def plasma(draws: Draws, side: int, decay: float) -> Tensor:
    """Diamond-square height maps, float32 (N, side, side) in 0..1.

    Args:
        decay: by how much the random part shrinks from one scale to the next finer one.
    """
    full = 1 << max(1, (side - 1).bit_length())
    drawn, used = uniform(draws, full * full, low=-1.0, high=1.0), 0
    heights = torch.zeros(len(draws), full, full)

    def wiggled(total: Tensor, size: float) -> Tensor:
        nonlocal used
        count = total.shape[1] * total.shape[2]
        random = drawn[:, used : used + count].view_as(total)
        used += count
        return total / 4 + size * size * random

    step, size = full, 100.0
    while step >= 2:
        half = step // 2
        corners = heights[:, ::step, ::step]
        pairs = corners + corners.roll(-1, 1)
        heights[:, half::step, half::step] = wiggled(pairs + pairs.roll(-1, 2), size)
        centres = heights[:, half::step, half::step]
        above = centres + centres.roll(1, 1) + corners + corners.roll(-1, 2)
        heights[:, ::step, half::step] = wiggled(above, size)
        beside = centres + centres.roll(1, 2) + corners + corners.roll(-1, 1)
        heights[:, half::step, ::step] = wiggled(beside, size)
        step, size = half, size / decay
    heights -= heights.amin((1, 2), keepdim=True)
    heights /= heights.amax((1, 2), keepdim=True)
    return heights[:, :side, :side]


def luma(inputs: Tensor) -> Tensor:
    """The brightness (N, 1, H, W) of float inputs, by ITU-R BT.601."""
    if inputs.shape[1] == 1:
        return inputs
    red, green, blue = inputs.split(1, 1)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def to_bytes(values: Tensor) -> Tensor:
    """Floats in 0..255 to uint8: rounded, cut off at both ends."""
    return values.round().clamp(0, 255).to(torch.uint8)
