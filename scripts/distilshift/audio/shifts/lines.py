"""What a line or a recorder does to a sound: its band, its level, its numbers."""

import math

from distilshift.audio.shifts.samples import exact, to_samples
from distilshift.data.draws import Draws

import torch
from torch import Tensor

MU = 255.0


def band_limit(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """A narrow line; ``strength`` is the share of the band that is cut off, a tenth of it below.

    Of 8 kHz 0.65 leaves 260 to 1,660 Hz; of 16 kHz 520 to 3,320 Hz, about a telephone's.
    """
    length = rows.shape[1]
    spectra = torch.fft.rfft(exact(rows))
    frequency = torch.linspace(0, 1, spectra.shape[1])
    lost = (frequency < 0.1 * strength) | (frequency > 1 - 0.9 * strength)
    return to_samples(exact(rows) - torch.fft.irfft(spectra * lost, length))


def gain(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """A low level; at 1 by 60 decibels, which leaves speech a few steps of the sixteen bits."""
    return to_samples(exact(rows) * 10 ** (-3 * strength))


def clipping(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """Samples beyond (1 - ``strength``) of the row's largest are cut to it; the peak stays."""
    peak = exact(rows).abs().amax(1, keepdim=True)
    most = peak * (1 - strength)
    return to_samples(exact(rows).clamp(-most, most) / (1 - strength))


def mu_law(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """Logarithmic quantisation in 8 (1 - ``strength``) bits, rounded, at least two.

    Any strength above 0 is at least the telephone's eight bits: a sign and a magnitude.

    Source: ITU-T G.711; here by its formula sign(x) log(1 + mu |x|) / log(1 + mu), mu = 255,
    quantised evenly, and not by the segments that approximate it.
    """
    if strength == 0:
        return rows
    most = 2 ** (max(2, round(8 * (1 - strength))) - 1) - 1  # the largest magnitude
    plain = exact(rows)
    pressed = torch.log1p(MU * plain.abs()) / math.log1p(MU)
    coded = (pressed * most).round() / most
    return to_samples(plain.sign() * torch.expm1(coded * math.log1p(MU)) / MU)
