"""Another voice: faster, higher, of another length of the vocal tract."""

from distilshift.audio import waves
from distilshift.audio.shifts.samples import exact, to_samples
from distilshift.data.draws import Draws, uniform

import torch
from torch import Tensor


def either_way(draws: Draws) -> Tensor:
    """-1 or 1 a sample, (N,), float64."""
    return torch.where(uniform(draws, 1).squeeze(1) < 0.5, -1.0, 1.0).double()


def speed(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """So much faster or slower, whichever is drawn; pitch and formants move with it."""
    factor = 1 + strength * either_way(draws)
    return to_samples(waves.moved(exact(rows), torch.zeros(len(rows)).double(), factor))


def pitch(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """So many semitones up or down, whichever is drawn; the tempo stays, formants move along."""
    if strength == 0:
        return rows
    factor = 2 ** (strength / 12 * either_way(draws))
    return to_samples(waves.in_grains(exact(rows), torch.ones(len(rows)).double(), factor))


def tract(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """A vocal tract so much longer or shorter, whichever is drawn; pitch and tempo stay."""
    if strength == 0:
        return rows
    count = len(rows)
    factor = 1 + strength * either_way(draws)
    flat = torch.zeros(count, 3).double()
    return to_samples(waves.colour(exact(rows), factor, flat, flat[:, 0], flat[:, 0] + 1))
