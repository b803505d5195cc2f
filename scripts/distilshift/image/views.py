"""Preprocessing and augmentation of whole batches, on the device the images are on.

A view of an image is numbers, its parameters, in this order: ``angle`` in degrees, ``zoom``
(the relative change of size), ``right`` and ``down`` (how far the window onto the image moves,
as fractions of the side); and where any is asked for, those of ``looks``: flip, crop, colours,
an erased rectangle. All are 0 where nothing changes. Whoever has them can make the same view
again.
"""

import math

from distilshift.image import looks
from distilshift.image.settings import Source, View
from distilshift.seeds import generator

import torch
import torch.nn.functional as F
from torch import Tensor

PREPROCESSING = "uint8 / 127.5 - 1"
POSE = ("angle", "zoom", "right", "down")
PARAMETERS = POSE + looks.PARAMETERS
LEAST = 0.05  # of its size, to which an image shrinks at most


def plain(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) in 0..255 to float32 in -1..1: one transform for every domain."""
    # a copy, also of floats: what is changed in place is never the caller's
    return images.to(torch.float32, copy=True).mul_(1 / 127.5).sub_(1)


def draw(count: int, ranges: View, *stream: object) -> Tensor:
    """Random parameters of ``count`` images, drawn on the CPU: (count, 4), or all of them.

    Args:
        ranges: the largest change either way.
        stream: names the random stream.
    """
    # uniform in -1..1, four a sample, so that a seed means the same on every device
    drawn = torch.rand(count, 4, generator=generator(*stream)).mul_(2).sub_(1)
    largest = [ranges.rotation, ranges.scale, ranges.translation, ranges.translation]
    drawn.mul_(torch.tensor(largest))
    if not looks.asked(ranges):
        return drawn
    return torch.cat([drawn, looks.draw(count, ranges, *stream)], 1)


def strengthen(parameters: Tensor, strength: float) -> Tensor:
    """Views whose every change of pose and colour is ``strength`` times as large.

    Flips, crops, greys and what is erased stay as they are; no image shrinks below ``LEAST``.
    """
    if parameters.shape[1] == len(POSE):
        grown = parameters * strength
    else:
        grows = [name in (*POSE, *looks.COLOURS) for name in PARAMETERS]
        grown = parameters * torch.where(torch.tensor(grows), strength, 1.0).to(parameters)
    if strength > 1:  # else twice a zoom of -0.5 is a division by nothing
        grown[:, POSE.index("zoom")].clamp_(min=LEAST - 1)
    return grown


def affine(parameters: Tensor) -> Tensor:
    """The maps (N, 2, 3) for ``affine_grid`` that the first four parameters stand for."""
    angle, zoom, right, down = parameters[:, : len(POSE)].unbind(1)
    angle = angle * (math.pi / 180)
    cos, sin = angle.cos() / (1 + zoom), angle.sin() / (1 + zoom)
    # the grid spans -1..1, so a fraction of the side counts twice
    return torch.stack([cos, -sin, 2 * right, sin, cos, 2 * down], 1).view(-1, 2, 3)


def apply_affine(images: Tensor, theta: Tensor) -> Tensor:
    """Resample float images (N, C, H, W) by ``theta`` (N, 2, 3); borders repeat."""
    count, _, height, width = images.shape
    same = torch.eye(2, 3, device=images.device)[None]
    places = F.affine_grid(same, [1, 1, height, width], align_corners=False).view(-1, 2)
    # one product for the batch: affine_grid's own, image by image, takes twenty times as long
    grid = theta.to(images.device).reshape(-1, 3) @ F.pad(places, (0, 1), value=1.0).T
    grid = grid.view(count, 2, height, width).permute(0, 2, 3, 1)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def see(images: Tensor, parameters: Tensor) -> Tensor:
    """uint8 images (N, C, H, W), preprocessed, as parameters (N, 4 or all) say; float32."""
    theta, own = affine(parameters), parameters[:, len(POSE) :]
    if not own.shape[1]:
        return apply_affine(plain(images), theta)
    # one resampling for pose, crop and flip
    seen = apply_affine(plain(images), looks.framed(theta, own))
    return looks.recolour(seen, own)


def disturb(images: Tensor, source: Source, *stream: object) -> Tensor:
    """Labelled source images (N, C, H, W), preprocessed, as a teacher learns from them."""
    if not source.random_convolution:
        return images
    return random_convolution(images, source.random_convolution, *stream)


SIDES = (1, 3, 5, 7)  # of the kernels of ``random_convolution``


def random_convolution(images: Tensor, probability: float, *stream: object) -> Tensor:
    """Preprocessed images (N, C, H, W), some of them mixed with a random convolution of theirs.

    What an image shows keeps its shape and takes another texture, contrast or polarity, so
    that a network trained on such images reads shapes. Each image draws its own kernel, of a
    side from ``SIDES``, theta ~ N(0, 1 / (C side^2)), and becomes a x + (1 - a) x * theta
    with a ~ U(0, 1); borders repeat. Drawn on the CPU.

    Args:
        probability: that an image is convolved at all.
        stream: names the random stream.

    Source: Xu et al., "Robust and Generalizable Visual Representation Learning via Random
    Convolutions", arXiv:2007.13003, algorithm 1, with RC_mix; there one kernel a batch.
    """
    rng = generator(*stream)
    count, channels = images.shape[:2]
    largest = max(SIDES)
    sides = torch.tensor(SIDES)[torch.randint(len(SIDES), (count,), generator=rng)]
    kernels = torch.randn(count, channels, channels, largest, largest, generator=rng)
    kept, share = torch.rand(2, count, 1, 1, 1, generator=rng)
    from_middle = (torch.arange(largest) - largest // 2).abs()
    ring = torch.maximum(from_middle[:, None], from_middle[None])
    sides = sides.view(-1, 1, 1, 1, 1)
    kernels *= (ring <= sides // 2) / (channels**0.5 * sides)
    kernels = kernels.view(count * channels, channels, largest, largest).to(images.device)
    edge = largest // 2
    padded = F.pad(images, (edge, edge, edge, edge), mode="replicate")
    padded = padded.view(1, count * channels, *padded.shape[2:])
    convolved = F.conv2d(padded, kernels, groups=count).view_as(images)
    share = torch.where(kept < probability, share, 1.0).to(images.device)
    return share * images + (1 - share) * convolved
