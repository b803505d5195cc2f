"""The pose of a target: how its images lie to those that a teacher was trained on."""

from typing import NamedTuple

from distilshift.image import views

import torch
from torch import Tensor


class Pose(NamedTuple):
    """What is done to each image before the teacher's first layer.

    Args:
        angle: degrees it is turned by.
        zoom: the relative change of its size.
        negative: whether dark and light change places.
    """

    angle: float = 0.0
    zoom: float = 0.0
    negative: bool = False

    def apply(self, images: Tensor) -> Tensor:
        """Float images (N, C, H, W) in -1..1, as ``views.plain`` gives them."""
        parameters = torch.tensor([[self.angle, self.zoom, 0.0, 0.0]]).expand(images.shape[0], -1)
        shown = -images if self.negative else images
        return views.apply_affine(shown, views.affine(parameters))
