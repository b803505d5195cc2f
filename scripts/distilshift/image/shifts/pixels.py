"""Shifts of values: colour, light, noise, texture, detail. 0 changes nothing."""

import math

from distilshift.data.draws import Draws, luma, normal, texture, to_bytes, uniform
from distilshift.errors import InputError

import torch
import torch.nn.functional as F
from torch import Tensor


def noise(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Gaussian noise whose standard deviation is ``strength`` times the range of values."""
    return to_bytes(images.float() + normal(draws, *images.shape[1:]) * (255 * strength))


def contrast(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Values pulled to mid-grey: 0 changes nothing, 1 leaves a grey square."""
    return to_bytes(127.5 + (images.float() - 127.5) * (1 - strength))


def inversion(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """A blend with the negative: 0 changes nothing, 1 is the negative."""
    return to_bytes(images.float() * (1 - strength) + (255 - images.float()) * strength)


def gamma(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Values (in 0..1) to the power 2 ** ``strength``: darker mid-tones, ends unmoved."""
    return to_bytes(255 * (images.float() / 255) ** (2.0**strength))


def colour_cast(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Warm light: blue loses ``strength`` of its value, green half as much. Colour only."""
    if images.shape[1] != 3:
        raise InputError("shift colour_cast", "grey images have no colour", "set image.channels: 3")
    light = torch.tensor([1, 1 - strength / 2, 1 - strength]).view(1, 3, 1, 1)
    return to_bytes(images.float() * light)


def greyscale(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """A blend with the brightness: 1 leaves no colour; grey images stay as they are."""
    return to_bytes(images.float() * (1 - strength) + luma(images.float()) * strength)


def background(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Difference with a smooth random texture (MNIST-M's blend), ``strength`` its contrast.

    MNIST-M takes its textures from BSDS500 photographs; these are made on the spot.
    """
    made = texture(draws, *images.shape[1:])
    return to_bytes((images.float() - made * 255 * strength).abs())


def fourier(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Another style: ``strength`` of the amplitude spectrum is that of a random texture.

    The phase, which holds the shapes, stays (amplitude mixing: Xu et al., CVPR 2021).
    """
    height, width = images.shape[2:]
    coarse, fine = (texture(draws, *images.shape[1:], cells=cells) for cells in (4, 12))
    style = torch.fft.rfft2(255 * (coarse + fine) / 2).abs()
    spectrum = torch.fft.rfft2(images.float())
    amplitude = spectrum.abs() * (1 - strength) + style * strength
    mixed = torch.polar(amplitude, spectrum.angle())
    return to_bytes(torch.fft.irfft2(mixed, s=(height, width)))


def blur(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Gaussian blur whose standard deviation is ``strength`` times the side; borders repeat."""
    sigma = strength * images.shape[-1]
    reach = math.ceil(3 * sigma)
    if reach == 0:
        return images
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    values = images.float().flatten(0, 1).unsqueeze(1)
    values = F.pad(values, [reach] * 4, mode="replicate")
    values = F.conv2d(F.conv2d(values, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))
    return to_bytes(values.view_as(images))


def occlusion(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """A mid-grey square at a random place, its side ``strength`` times the image's."""
    height, width = images.shape[2:]
    side = round(strength * min(height, width))
    at = uniform(draws, 2)
    top = (at[:, 0] * (height - side + 1)).long().view(-1, 1, 1, 1)
    left = (at[:, 1] * (width - side + 1)).long().view(-1, 1, 1, 1)
    rows, columns = torch.arange(height).view(1, 1, -1, 1), torch.arange(width).view(1, 1, 1, -1)
    hidden = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
    return torch.where(hidden, torch.tensor(128, dtype=torch.uint8), images)


def resolution(images: Tensor, draws: Draws, strength: float) -> Tensor:
    """Each side loses ``strength`` of its pixels and is then enlarged again, bilinearly."""
    height, width = images.shape[2:]
    small = [max(1, round(length * (1 - strength))) for length in (height, width)]
    values = F.interpolate(images.float(), small, mode="bilinear", antialias=True)
    return to_bytes(F.interpolate(values, (height, width), mode="bilinear"))
