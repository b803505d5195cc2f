"""The fifteen corruptions of CIFAR-10-C and ImageNet-C, severities 1 to 5.

Written from the definitions of Hendrycks & Dietterich (ICLR 2019), with the constants of
the CIFAR table, which is for a side of 32 pixels: lengths grow with the side, so that a
severity means the same at any size, and at 32 what was published. Below 32 they are parts of
a pixel, which whole pixels would round to none. Three differences:
values are rounded, not cut, to bytes; glass blur swaps pixels, where the published code
copies one over the other; frost takes ice textures made on the spot, not photographs
(`frost` here is of the same kind, not the same benchmark).
"""

import io
import math

from distilshift.data.draws import Draws, luma, normal, plasma, to_bytes, uniform

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import ndimage
from torch import Tensor

TABLE = 32  # pixels a side, which the constants are for


def gaussian_noise(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Gaussian noise: electronic noise in poor light."""
    deviation = (0.04, 0.06, 0.08, 0.09, 0.10)[severity - 1]
    return to_bytes(images + 255 * deviation * normal(draws, *images.shape[1:]))


def shot_noise(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Poisson noise: light comes in photons, here so many at full brightness."""
    photons = (500, 250, 100, 75, 50)[severity - 1]
    rates = (images.double() * (photons / 255)).numpy()
    counts = [draw.poisson(rate) for draw, rate in zip(draws, rates, strict=True)]
    return to_bytes(torch.from_numpy(np.stack(counts)) * (255 / photons))


def impulse_noise(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Salt and pepper: so large a part of all values is drawn black or full, evenly."""
    amount = (0.01, 0.02, 0.03, 0.05, 0.07)[severity - 1]
    drawn = uniform(draws, *images.shape[1:])
    images = torch.where(drawn < amount / 2, 0, images)
    return torch.where((drawn >= amount / 2) & (drawn < amount), 255, images).to(torch.uint8)


def defocus_blur(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Out of focus: averaged over a disk whose edge is smoothed."""
    radius, smooth = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))[severity - 1]
    scale = images.shape[-1] / TABLE
    kernel = shrunk(disk(radius, smooth), scale) if scale < 1 else disk(radius * scale, smooth)
    reach = kernel.shape[0] // 2
    values = F.pad(images.float(), [reach] * 4, mode="reflect").flatten(0, 1).unsqueeze(1)
    return to_bytes(F.conv2d(values, kernel[None, None]).view_as(images))


def disk(radius: float, smooth: float) -> Tensor:
    """A disk's indicator on whole pixels, of sum 1, blurred by a 3x3 (5x5) Gaussian."""
    edge = 1 if radius <= 8 else 2
    line = torch.arange(-int(radius) - edge, int(radius) + edge + 1)
    inside = (line[:, None] ** 2 + line**2 <= radius**2).float()
    weights = torch.exp(-0.5 * (torch.arange(-edge, edge + 1) / smooth) ** 2)
    kernel = torch.outer(weights, weights) / weights.sum() ** 2
    return F.conv2d((inside / inside.sum())[None, None], kernel[None, None], padding=edge)[0, 0]


def shrunk(kernel: Tensor, scale: float) -> Tensor:
    """3x3, of ``scale`` times the standard deviation of a symmetric kernel of sum 1.

    That of the largest disk of the table is 0.8 pixels: all weights are positive.
    """
    reach = kernel.shape[0] // 2
    line = torch.arange(-reach, reach + 1)
    variance = scale**2 * (kernel.sum(0) * line**2).sum()
    weights = torch.stack([variance / 2, 1 - variance, variance / 2])
    return torch.outer(weights, weights)


def glass_blur(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Frosted glass: blurred, neighbouring pixels swapped at random, blurred again."""
    table = ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2))
    sigma, reach, rounds = table[severity - 1]
    side = images.shape[-1]
    sigma, reach = sigma * side / 32, max(1, round(reach * side / 32))
    values = torch.from_numpy(_gaussian(images.float().numpy(), sigma)).to(torch.uint8)
    places = [
        (row, column)
        for _ in range(rounds)
        for row in range(images.shape[2] - reach, reach, -1)
        for column in range(side - reach, reach, -1)
    ]
    size = (len(places), 2)
    moves = np.stack([draw.integers(-reach, reach, size, np.int32) for draw in draws])
    which = torch.arange(len(images))
    for (row, column), move in zip(places, torch.from_numpy(moves).long().unbind(1), strict=True):
        other_row, other_column = row + move[:, 0], column + move[:, 1]
        other = values[which, :, other_row, other_column]
        values[which, :, other_row, other_column] = values[:, :, row, column].clone()
        values[:, :, row, column] = other
    return to_bytes(torch.from_numpy(_gaussian(values.float().numpy(), sigma)))


def motion_blur(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """A moving camera: smeared to one side, in a direction within 45 degrees of level."""
    radius, sigma = ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))[severity - 1]
    angle = uniform(draws, 1, low=-45.0, high=45.0).squeeze(1)
    return to_bytes(smear(images.float(), angle, radius, sigma))


def smear(values: Tensor, degrees: Tensor, radius: float, sigma: float) -> Tensor:
    """One-sided Gaussian average along a line; lengths are for a side of 32, edges repeat."""
    height, width = values.shape[2:]
    scale = max(1, width / TABLE)
    radius, sigma = radius * scale, sigma * scale
    steps = torch.arange(2 * math.ceil(radius) + 1)
    weights = torch.exp(-0.5 * (steps / sigma) ** 2)
    weights /= weights.sum()
    if width < TABLE:  # the steps are parts of a pixel: each falls on the two that it is between
        places = steps * (width / TABLE)
        low = places.floor().long()
        upper = weights * (places - low)
        lower = torch.zeros(len(steps) + 1).index_add(0, low, weights - upper)
        weights = lower.index_add(0, low + 1, upper)
        steps = torch.arange(len(weights))
    angle = torch.deg2rad(degrees)[:, None]
    right = torch.ceil(steps * angle.cos() - 0.5).long()
    down = torch.ceil(steps * angle.sin() - 0.5).long()
    rows, columns = torch.arange(height)[None, :, None], torch.arange(width)[None, None]
    which, channel = torch.arange(len(values)).view(-1, 1, 1, 1), slice(None)
    channel = torch.arange(values.shape[1]).view(1, -1, 1, 1)
    total = torch.zeros_like(values)
    for step, weight in enumerate(weights.tolist()):
        if weight > 1e-6:
            row = (rows + down[:, step, None, None]).clamp(0, height - 1)[:, None]
            column = (columns + right[:, step, None, None]).clamp(0, width - 1)[:, None]
            total += weight * values[which, channel, row, column]
    return total


def zoom_blur(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """A fast approach: the mean over growing enlargements."""
    factors = np.arange(1, (1.06, 1.11, 1.16, 1.21, 1.26)[severity - 1], 0.01)
    values = images.float()
    total = values.clone()
    for factor in factors.tolist():
        total += enlarge(values, factor)
    return to_bytes(total / (len(factors) + 1))


def enlarge(values: Tensor, factor: float) -> Tensor:
    """The middle of each image, enlarged to the full side (bilinear, corners on corners)."""
    side = values.shape[-1]
    if side < TABLE:  # whole pixels of so few would leave out the first factors
        scaled = torch.tensor([[1 / factor, 0, 0], [0, 1 / factor, 0]]).expand(len(values), 2, 3)
        grid = F.affine_grid(scaled, list(values.shape), align_corners=False)
        return F.grid_sample(values, grid, padding_mode="border", align_corners=False)
    part = math.ceil(side / factor)
    start = (side - part) // 2
    middle = values[..., start : start + part, start : start + part]
    size = round(part * factor)
    large = F.interpolate(middle, (size, size), mode="bilinear", align_corners=True)
    start = (size - side) // 2
    return large[..., start : start + side, start : start + side]


def fog(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Fog: a plasma fractal laid over, the brightest value kept."""
    amount, decay = ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75))[severity - 1]
    values = images.float() / 255
    largest = values.amax((1, 2, 3), keepdim=True)
    values = values + amount * plasma(draws, images.shape[-1], decay)[:, None]
    return to_bytes(255 * values * largest / (largest + amount))


def frost(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Ice on the lens: a weighted sum with an ice texture that is made on the spot."""
    mine, ice = ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))[severity - 1]
    heights = plasma(draws, images.shape[-1], 1.8)[:, None]
    crystals = (1 - (2 * heights - 1).abs()) ** 2  # ridges, where the heights cross a half
    tint = torch.tensor([0.85, 0.93, 1.0]).view(1, 3, 1, 1)
    texture = 255 * (0.35 + 0.65 * crystals) * tint
    if images.shape[1] == 1:
        texture = luma(texture)
    return to_bytes(mine * images.float() + ice * texture)


def snow(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Falling flakes, smeared downwards, over a whitened picture."""
    mean, deviation, zoom, least, radius, sigma, mix = (
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    )[severity - 1]
    side = images.shape[-1]
    flakes = enlarge(mean + deviation * normal(draws, 1, side, side), zoom)
    flakes = torch.where(flakes < least, 0.0, flakes).clamp(0, 1)
    angle = uniform(draws, 1, low=-135.0, high=-45.0).squeeze(1)
    flakes = smear(flakes, angle, radius, sigma)
    values = images.float() / 255
    whitened = torch.maximum(values, luma(values) * 1.5 + 0.5)
    values = mix * values + (1 - mix) * whitened
    return to_bytes(255 * (values + flakes + flakes.rot90(2, (2, 3))))


def brightness(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Brighter: the value of hue-saturation-value, plus a constant."""
    added = (0.05, 0.1, 0.15, 0.2, 0.3)[severity - 1] * 255
    values = images.float()
    value = values.amax(1, keepdim=True)
    raised = (value + added).clamp(max=255)
    # at equal hue and saturation the channels keep their ratios; black becomes grey
    return to_bytes(torch.where(value > 0, values * raised / value.clamp(min=1), raised))


def low_contrast(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Published as "contrast": values pulled to each channel's mean."""
    left = (0.75, 0.5, 0.4, 0.3, 0.15)[severity - 1]
    means = images.float().mean((2, 3), keepdim=True)
    return to_bytes((images.float() - means) * left + means)


def elastic_transform(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """A random affine map of three points, then a smooth random displacement."""
    table = (
        (0, 0, 0.08),
        (0.05, 0.2, 0.07),
        (0.08, 0.06, 0.06),
        (0.1, 0.04, 0.05),
        (0.1, 0.03, 0.03),
    )
    size, sigma, jitter = (share * images.shape[-1] for share in table[severity - 1])
    height, width = images.shape[2:]
    middle, arm = width // 2, width // 3
    corners = [[middle + arm, middle + arm], [middle + arm, middle - arm], [middle - arm] * 2]
    before = torch.tensor(corners, dtype=torch.float32)
    after = before + uniform(draws, 3, 2, low=-jitter, high=jitter)
    # the picture moves from `before` to `after`, so each new point reads where it came from
    back = torch.linalg.solve(F.pad(after, (0, 1), value=1.0), before.expand_as(after))
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    points = torch.stack([columns, rows, torch.ones_like(rows)], -1).float().view(1, -1, 3)
    grid = (points @ back).view(-1, height, width, 2)
    values = F.grid_sample(
        images.float(),
        grid / (torch.tensor([width, height]) - 1) * 2 - 1,
        padding_mode="reflection",
        align_corners=True,
    )
    moves = uniform(draws, 2, height, width, low=-1.0, high=1.0).numpy()
    moved = torch.from_numpy(_gaussian(moves, sigma, mode="reflect", truncate=3)) * size
    grid = torch.stack([columns + moved[:, 0], rows + moved[:, 1]], -1)
    grid = (2 * grid + 1) / torch.tensor([width, height]) - 1
    return to_bytes(F.grid_sample(values, grid, padding_mode="reflection", align_corners=False))


def pixelate(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Coarser pixels: reduced and enlarged again with a box filter."""
    share = (0.95, 0.9, 0.85, 0.75, 0.65)[severity - 1]

    def change(image: Image.Image) -> Image.Image:
        small = [int(length * share) for length in image.size]
        return image.resize(small, Image.Resampling.BOX).resize(image.size, Image.Resampling.BOX)

    return _pillow(images, change)


def jpeg_compression(images: Tensor, draws: Draws, severity: int) -> Tensor:
    """Written as JPEG and read again."""
    quality = (80, 65, 58, 50, 40)[severity - 1]

    def change(image: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer)

    return _pillow(images, change)


def _pillow(images: Tensor, change) -> Tensor:
    """Each image through a function of Pillow images."""
    grey = images.shape[1] == 1
    done = torch.empty_like(images)
    for index, array in enumerate(images.permute(0, 2, 3, 1).numpy()):
        image = Image.fromarray(array[..., 0] if grey else np.ascontiguousarray(array))
        changed = torch.from_numpy(np.array(change(image)))
        done[index] = changed[None] if grey else changed.permute(2, 0, 1)
    return done


def _gaussian(values: np.ndarray, sigma: float, mode: str = "nearest", truncate: float = 4.0):
    """Gaussian filter over the last two of four axes; a sigma of 0 changes nothing."""
    return ndimage.gaussian_filter(values, (0, 0, sigma, sigma), mode=mode, truncate=truncate)
