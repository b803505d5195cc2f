"""Constructed domain shifts: deterministic a sample, the label stays what it was.

A shift is ``shift(images, draws, strength) -> images``, uint8 (N, C, H, W) in and out.
``draws`` holds one random generator a sample, seeded by its id, so that an image looks
the same whatever is computed beside it. To add one write such a function and name it in
``SHIFTS``; the config then knows it by that name (`workflow/schemas` lists the names).

``strength`` of most is a dial: 0 changes nothing, more is more, in the unit that the
function's docstring names. The fifteen of ``corruptions`` take a severity, 1 to 5, as
published. Two shifts, in ``rows``, choose samples by their labels and change no image.
"""

from distilshift.data import priors
from distilshift.data.draws import Draws, Shift
from distilshift.image.shifts import corruptions, geometry, pixels
from distilshift.seeds import generator, seed_from

import numpy as np
import torch
from torch import Tensor

SHIFTS: dict[str, Shift] = {
    "noise": pixels.noise,
    "contrast": pixels.contrast,
    "inversion": pixels.inversion,
    "gamma": pixels.gamma,
    "colour_cast": pixels.colour_cast,
    "greyscale": pixels.greyscale,
    "background": pixels.background,
    "fourier": pixels.fourier,
    "blur": pixels.blur,
    "occlusion": pixels.occlusion,
    "resolution": pixels.resolution,
    "rotation": geometry.rotation,
    "scale": geometry.scale,
    "translation": geometry.translation,
    **corruptions.CORRUPTIONS,
}
ROW_SHIFTS: dict[str, priors.RowShift] = {
    "label_shift": priors.label_shift,
    "label_set": priors.label_set,
}
KINDS = [*SHIFTS, *ROW_SHIFTS]
LARGEST = {kind: 5 for kind in corruptions.CORRUPTIONS} | {"rotation": 360, "gamma": 8}


def valid(kind: str, strength: float) -> bool:
    """Whether a shift has such a strength: a severity is whole, a dial starts at 0."""
    if kind in corruptions.CORRUPTIONS:
        return strength in (1, 2, 3, 4, 5)
    if kind in ("scale", "label_shift"):
        return 0 <= strength < 1
    return 0 <= strength <= LARGEST.get(kind, 1)


def apply(images: Tensor, ids: Tensor, specification: list[dict], chunk: int = 4096) -> Tensor:
    """Apply shifts one after the other; those of rows change no image.

    Args:
        images: uint8 (N, C, H, W).
        ids: int64 (N,), seeds of the random draws.
        specification: dicts with ``kind`` and ``strength``, and optionally ``seed``.
    """
    for place, shift in enumerate(specification):
        if shift["kind"] not in SHIFTS:
            continue
        done = []
        for some, some_ids in zip(images.split(chunk), ids.split(chunk), strict=True):
            draws = _draws(some_ids, shift, place)
            done.append(SHIFTS[shift["kind"]](some, draws, shift["strength"]))
        images = torch.cat(done)
    return images


def kept(labels: Tensor, ids: Tensor, classes: int, specification: list[dict]) -> Tensor:
    """Which samples a domain holds: bool (N,); all, where no shift is one of rows."""
    keep = torch.ones(len(labels), dtype=torch.bool)
    for place, shift in enumerate(specification):
        if shift["kind"] in ROW_SHIFTS:
            drawn = generator("classes", shift["kind"], shift.get("seed", 0))
            order = torch.randperm(classes, generator=drawn)
            draws = _draws(ids, shift, place)
            keep &= ROW_SHIFTS[shift["kind"]](labels, draws, order, shift["strength"])
    return keep


def _draws(ids: Tensor, shift: dict, place: int) -> Draws:
    stream = (shift["kind"], place, shift.get("seed", 0))
    return [np.random.default_rng(seed_from(*stream, i)) for i in ids.tolist()]
