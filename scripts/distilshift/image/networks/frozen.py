"""A pretrained network of images that is never trained, and a small head on its features."""

import functools

from distilshift import networks
from distilshift.networks import Network

import torch
from torch import Tensor, nn

USUAL = 224  # pixels a side that a network is asked for where its weights bring their own size
# rows a pass on a CPU: what is made of 64 does not stay in its caches, and takes 2.5 times as long
CPU_ROWS = 8


class Frozen(nn.Module):
    """From images as ``views.plain`` gives them to the features of a pretrained network.

    Args:
        model: its name, with that of its weights.
        channels: of the images.
        size: pixels a side that it sees; if not given, that of its weights, where they have one,
            or of the images.
        crop: pixels a side of the middle that is kept of them then, if not all.
    """

    FROZEN = True

    def __init__(self, model: str, channels: int, size: int | None = None, crop: int | None = None):
        super().__init__()
        self.model, self.channels, self.size, self.crop = model, channels, size, crop

    @property
    def facts(self) -> dict:
        """What makes another one like it; for a header."""
        known = {name: getattr(self, name) for name in ("model", "channels", "size", "crop")}
        return {name: value for name, value in known.items() if value is not None}

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """float (N, C, H, W) to float32 (N, width)."""
        name = self.model
        if self.size is not None:
            name += f"@{self.crop}/{self.size}" if self.crop else f"@{self.size}"
        seen = self.crop or self.size or USUAL
        network = opened(name, self.channels, seen, str(images.device))
        rows = CPU_ROWS if images.device.type == "cpu" else len(images)
        parts = images.contiguous(memory_format=torch.channels_last).split(max(rows, 1))
        return torch.cat([network.features(part) for part in parts])


@functools.cache
def opened(name: str, channels: int, size: int, device: str) -> Network:
    """The pretrained network of a name on a device, read once in a process."""
    seen = {"size": size, "channels": channels}
    # from a seed, as without one no pretrained weights are looked for; its own head goes unused
    made = networks.build(name, 2, "image", seen, seed=0)
    return made.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


def frozen(
    name: str, classes: int, channels: int, size: int, pretrained: bool, adjusted: bool = False
) -> Network:
    """``frozen-64/<model>``: a layer of 64 with BatchNorm on what a pretrained model makes.

    With ``frozen-64/efficientnet_lite0:IMAGENET`` and ten classes 82,698 parameters are trained.

    Args:
        pretrained: of no matter: the weights are no part of a checkpoint, and read when an image
            is seen whose features are not kept.
        adjusted: whether the size is what stands after ``@``.
    """
    family, _, model = name.partition("/")
    width = int(family.partition("-")[2])
    seen = {"size": size if adjusted else USUAL, "channels": channels}
    features = networks.build(model, 2, "image", seen).head.in_features
    body = nn.Sequential(
        nn.Linear(features, width, bias=False),  # BatchNorm subtracts it
        nn.BatchNorm1d(width),
        nn.ReLU(inplace=True),
    )
    prepare = Frozen(model, channels, size if adjusted else None)
    return Network(body, nn.Linear(width, classes), prepare)
