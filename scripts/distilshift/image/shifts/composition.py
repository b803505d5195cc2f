"""Shifts one after the other, as a domain's specification lists them."""

from distilshift import registry
from distilshift.data.draws import Draws
from distilshift.image.shifts import ROW_SHIFTS, SHIFTS
from distilshift.seeds import generator, seed_from

import numpy as np
import torch
from torch import Tensor


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
        function = registry.load("distilshift.image.shifts", SHIFTS[shift["kind"]])
        done = []
        for some, some_ids in zip(images.split(chunk), ids.split(chunk), strict=True):
            draws = _draws(some_ids, shift, place)
            done.append(function(some, draws, shift["strength"]))
        images = torch.cat(done)
    return images


def kept(labels: Tensor, ids: Tensor, classes: int, specification: list[dict]) -> Tensor:
    """Which samples a domain holds: bool (N,); all, where no shift is one of rows."""
    keep = torch.ones(len(labels), dtype=torch.bool)
    for place, shift in enumerate(specification):
        if shift["kind"] in ROW_SHIFTS:
            function = registry.load("distilshift.data", ROW_SHIFTS[shift["kind"]])
            drawn = generator("classes", shift["kind"], shift.get("seed", 0))
            order = torch.randperm(classes, generator=drawn)
            keep &= function(labels, _draws(ids, shift, place), order, shift["strength"])
    return keep


def _draws(ids: Tensor, shift: dict, place: int) -> Draws:
    stream = (shift["kind"], place, shift.get("seed", 0))
    return [np.random.default_rng(seed_from(*stream, i)) for i in ids.tolist()]
