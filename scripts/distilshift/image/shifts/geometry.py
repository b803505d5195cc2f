"""Shifts of place and size; what comes in from outside is black. 0 changes nothing."""

from distilshift.data.draws import Draws, to_bytes, uniform

import torch
import torch.nn.functional as F
from torch import Tensor


def rotation(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Turned anticlockwise about the centre by ``strength`` degrees; corners are black."""
    angle = torch.deg2rad(torch.tensor(float(strength)))
    cos, sin = angle.cos(), angle.sin()
    theta = torch.stack([cos, -sin, cos * 0, sin, cos, cos * 0]).view(1, 2, 3)
    return _resample(images, theta.expand(len(images), 2, 3))


def scale(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Shrunk about the centre by ``strength`` of its size: 0.5 halves each side."""
    zoom = 1 / (1 - strength)
    theta = torch.tensor([[zoom, 0, 0], [0, zoom, 0]])
    return _resample(images, theta.expand(len(images), 2, 3))


def translation(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Moved by ``strength`` times the side, each sample in a random direction of its own."""
    angle = uniform(draws, 1, high=2 * torch.pi).squeeze(1)
    theta = torch.eye(2, 3).repeat(len(images), 1, 1)
    # the grid spans -1..1, so a fraction of the side counts twice
    theta[:, :, 2] = 2 * strength * torch.stack([angle.cos(), angle.sin()], 1)
    return _resample(images, theta)


def _resample(images: Tensor, theta: Tensor) -> Tensor:
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return to_bytes(F.grid_sample(images.float(), grid, align_corners=False))
