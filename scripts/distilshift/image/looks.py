"""How else a view may differ from its image: flipped, cropped, recoloured, in part erased.

Parameters of one image, all 0 where nothing changes: ``mirrored`` (0 or 1); of the window that
is shown the change of ``width`` and ``height``, as fractions of the side, and its middle,
``across`` and ``along``, in -1..1; relative changes of ``brightness``, ``contrast`` and
``saturation``; ``hue`` in turns; ``grey`` (0 or 1); of what is erased the corner, ``left`` and
``top``, and size, ``erased_width`` and ``erased_height``, as fractions of the side.
"""

import math

from distilshift.image.settings import View
from distilshift.seeds import generator

import torch
from torch import Tensor

COLOURS = ("brightness", "contrast", "saturation", "hue")
PARAMETERS = (
    *("mirrored", "width", "height", "across", "along"),
    *COLOURS,
    *("grey", "left", "top", "erased_width", "erased_height"),
)
TRIES = 10  # at a rectangle that fits
CROPPED = (3 / 4, 4 / 3)  # sides of a crop
ERASED, SIDES = (0.02, 1 / 3), (0.3, 1 / 0.3)  # area and sides of what is erased
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def asked(ranges: View) -> bool:
    """Whether views of those ranges have these parameters at all."""
    probable = (ranges.flip, ranges.grey, ranges.erasing, *(getattr(ranges, c) for c in COLOURS))
    return any(probable) or ranges.crop < 1


def draw(count: int, ranges: View, *stream: object) -> Tensor:
    """Random parameters of ``count`` images, (count, 14), drawn on the CPU.

    Each has numbers of its own, so that a range changes no other's draw. Changes of colour
    are uniform either way.

    Source: crops as in Szegedy et al., arXiv:1409.4842; colours and grey as in Chen et al.,
    "SimCLR", arXiv:2002.05709, appendix A; Zhong et al., "Random Erasing", arXiv:1708.04896.
    """
    rng = generator(*stream, "looks")
    once = torch.rand(count, 11, generator=rng)
    chances, colours, places = once[:, :3], once[:, 3:7], once[:, 7:]
    width, height, _ = rectangle(
        torch.rand(count, TRIES, 2, generator=rng), (ranges.crop, 1), CROPPED
    )
    erased = rectangle(torch.rand(count, TRIES, 2, generator=rng), ERASED, SIDES)
    is_erased = erased[2] & (chances[:, 2] < ranges.erasing)
    sides = [torch.where(is_erased, side, 0.0) for side in erased[:2]]
    largest = torch.tensor([getattr(ranges, name) for name in COLOURS])
    columns = [
        chances[:, 0] < ranges.flip,
        width - 1,
        height - 1,
        (2 * places[:, 0] - 1) * (1 - width),
        (2 * places[:, 1] - 1) * (1 - height),
        *((2 * colours - 1) * largest).unbind(1),
        chances[:, 1] < ranges.grey,
        places[:, 2] * (1 - sides[0]) * is_erased,
        places[:, 3] * (1 - sides[1]) * is_erased,
        *sides,
    ]
    return torch.stack([column.float() for column in columns], 1)


def rectangle(
    drawn: Tensor, area: tuple[float, float], sides: tuple[float, float]
) -> tuple[Tensor, Tensor, Tensor]:
    """Width and height (N,) of the first try that fits into the image, and whether one does.

    The area is uniform, width over height uniform in its logarithm; the whole image, where
    no try fits.

    Args:
        drawn: uniform numbers (N, tries, 2).
    """
    size = area[0] + (area[1] - area[0]) * drawn[..., 0]
    low, high = map(math.log, sides)
    ratio = (low + (high - low) * drawn[..., 1]).exp()
    both = torch.stack([(size * ratio).sqrt(), (size / ratio).sqrt()], 2)
    fits = (both <= 1).all(2)
    first = fits.int().argmax(1)
    found = both[torch.arange(len(both)), first]
    found = torch.where(fits.any(1, keepdim=True), found, 1.0)
    return found[:, 0], found[:, 1], fits.any(1)


def framed(theta: Tensor, parameters: Tensor) -> Tensor:
    """The maps (N, 2, 3) that show the window, perhaps mirrored, of what ``theta`` shows."""
    mirrored, width, height, across, along = parameters[:, :5].unbind(1)
    columns = theta.unbind(2)
    across_by = (1 - 2 * mirrored) * (1 + width)
    place = columns[0] * across[:, None] + columns[1] * along[:, None] + columns[2]
    return torch.stack(
        [columns[0] * across_by[:, None], columns[1] * (1 + height)[:, None], place], 2
    )


def recolour(images: Tensor, parameters: Tensor) -> Tensor:
    """Images (N, C, H, W) in -1..1 with other colours, and a rectangle of 0, middle grey.

    In 0..1 and clamped to it: x (1 + brightness); (x - m) (1 + contrast) + m, m the mean luma of
    the image; (x - y) (1 + saturation) + y, y the luma; a turn of the plane of colour, at the
    same luma, by ``hue``. Always in this order, where others shuffle it.
    """
    names = dict(zip(PARAMETERS, parameters[:, :, None, None, None].unbind(1), strict=True))
    changes = sum(names[name].abs() for name in (*COLOURS, "grey"))
    if _some(changes):
        images = torch.where(changes > 0, _coloured(images, names), images)  # others to the bit
    if not _some(names["erased_width"]):
        return images
    rows, columns = (_inside(images, names, *of) for of in (("top", 2), ("left", 3)))
    return torch.where(rows & columns, 0.0, images)


def _some(values: Tensor) -> bool:
    """Whether any is not 0; True on a GPU, where asking costs more than computing in vain."""
    return values.device.type != "cpu" or bool(values.any())


def _coloured(images: Tensor, names: dict[str, Tensor]) -> Tensor:
    seen = (images + 1) / 2
    brighter = (seen * (1 + names["brightness"]).clamp_min(0)).clamp(0, 1)
    mean = luma(brighter).mean((2, 3), keepdim=True)
    seen = _mixed(brighter, mean, names["contrast"])
    if images.shape[1] == 3:
        seen = _mixed(seen, luma(seen), names["saturation"])
        seen = turned(seen, names["hue"])
        seen = torch.where(names["grey"] > 0, luma(seen), seen)
    return 2 * seen - 1


def luma(images: Tensor) -> Tensor:
    """(N, 1, H, W) of images (N, 3, H, W); grey ones are their own."""
    if images.shape[1] == 1:
        return images
    return sum(share * images[:, c : c + 1] for c, share in enumerate(LUMA))


def turned(images: Tensor, turns: Tensor) -> Tensor:
    """RGB images in 0..1, their colours turned about the axis of grey at the same luma."""
    y = luma(images)
    red, blue = images[:, :1] - y, images[:, 2:] - y
    cos, sin = (2 * math.pi * turns).cos(), (2 * math.pi * turns).sin()
    # R - Y and B - Y, scaled to axes of equal length as in YUV
    u, v = 0.492 * blue, 0.877 * red
    u, v = cos * u - sin * v, sin * u + cos * v
    red, blue = y + v / 0.877, y + u / 0.492
    green = (y - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    return torch.cat([red, green, blue], 1).clamp(0, 1)


def _mixed(images: Tensor, other: Tensor, change: Tensor) -> Tensor:
    return ((images - other) * (1 + change).clamp_min(0) + other).clamp(0, 1)


def _inside(images: Tensor, names: dict[str, Tensor], begin: str, axis: int) -> Tensor:
    """Which rows or columns the erased rectangle covers, by the middles of their pixels."""
    count = images.shape[axis]
    shape = [1, 1, 1, 1]
    shape[axis] = count
    middles = ((torch.arange(count, device=images.device) + 0.5) / count).view(shape)
    size = names["erased_height" if axis == 2 else "erased_width"]
    return (middles >= names[begin]) & (middles < names[begin] + size)
