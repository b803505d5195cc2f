"""Preprocessing and augmentation of whole batches, on the device the images are on."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

PREPROCESSING = "uint8 / 127.5 - 1"


def preprocess(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) in 0..255 to float32 in -1..1: one transform for every domain."""
    return images.float().mul_(1 / 127.5).sub_(1)


def draw_affine(
    count: int, generator: torch.Generator, *, rotation: float, translation: float, scale: float
) -> Tensor:
    """Random affine maps (count, 2, 3) for ``affine_grid``, drawn on the CPU.

    Args:
        rotation: largest angle, degrees, either way.
        translation: largest shift, as a fraction of the side, either way.
        scale: largest relative change of size, either way.
    """
    # one draw of four uniforms in -1..1 a sample, so a seed means the same on every device
    angle, zoom, right, down = torch.rand(count, 4, generator=generator).mul_(2).sub_(1).unbind(1)
    angle = angle * math.radians(rotation)
    zoom = 1 / (1 + zoom * scale)
    cos, sin = angle.cos() * zoom, angle.sin() * zoom
    # the grid spans -1..1, so a fraction of the side counts twice
    rows = [cos, -sin, right * 2 * translation, sin, cos, down * 2 * translation]
    return torch.stack(rows, 1).view(count, 2, 3)


def apply_affine(images: Tensor, theta: Tensor) -> Tensor:
    """Resample float images (N, C, H, W) by ``theta`` (N, 2, 3); borders repeat."""
    grid = F.affine_grid(theta.to(images.device), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
