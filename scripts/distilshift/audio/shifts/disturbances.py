"""What is heard beside a sound, or instead of it: noise, voices, echoes, gaps."""

import math

from distilshift.audio import waves
from distilshift.audio.shifts.samples import exact, to_samples
from distilshift.data.draws import Draws, normal, uniform

import torch
from torch import Tensor

VOICES = 6  # of babble
PACKETS = 50  # a row: 20 ms, where it lasts a second


def added(rows: Tensor, noise: Tensor, strength: float) -> Tensor:
    """int16 rows (N, T) and noise (N, T) of ``strength`` times their root mean square.

    The noise's is of the whole row, the rows' of what is heard in them (``waves.level``).
    """
    plain = exact(rows)
    size = noise.square().mean(1, keepdim=True).sqrt().clamp_min(1e-12)
    return to_samples(plain + strength * waves.level(plain) * noise / size)


def noise(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """White Gaussian noise; ``strength`` is its amplitude relative to what is heard.

    The ratio of signal to noise is -20 log10(strength) decibels: 20 at 0.1, 0 at 1, -20 at 10.
    """
    return added(rows, normal(draws, rows.shape[1]).double(), strength)


def babble(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """Six voices that speak at once; ``strength`` as for ``noise``.

    They are the row itself, turned round, at other pitches and from other places: speech in
    spectrum and rhythm, and the same whatever rows lie beside this one.
    """
    plain = exact(rows)
    length = rows.shape[1]
    speed = 2 ** uniform(draws, VOICES, low=-0.5, high=0.5).double()
    start = (uniform(draws, VOICES) * length).floor()
    times = torch.arange(length)
    total = torch.zeros_like(plain)
    for voice in range(VOICES):
        # read backwards, round the end
        places = (start[:, voice, None] - times * speed[:, voice, None]) % (length - 1)
        total += waves.read_at(plain, places)
    return added(rows, total, strength)


def reverberation(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """A room; ``strength`` is how long it takes to fall by 60 dB, relative to the row's length.

    The impulse response is made: the direct sound, and a tail of Gaussian noise that decays
    evenly in decibels. It has as much energy as the direct sound at 0.5, strength / 0.5 times
    as much elsewhere.

    Source: noise that decays evenly as the tail of a room: Polack's model, in Kuttruff, "Room
    Acoustics", chapter 4.
    """
    if strength == 0:
        return rows
    length = rows.shape[1]
    times = torch.arange(length).double() / length
    tail = normal(draws, length).double() * 10 ** (-3 * times / strength)
    tail[:, 0] = 0.0
    # a tail shorter than a sample is none: its squares are below the smallest number
    energy = tail.square().sum(1, keepdim=True).clamp_min(torch.finfo(tail.dtype).tiny)
    tail *= (strength / 0.5 / energy).sqrt()
    plain = exact(rows)
    spectra = torch.fft.rfft(plain, 2 * length) * torch.fft.rfft(tail, 2 * length)
    return to_samples(plain + torch.fft.irfft(spectra, 2 * length)[:, :length])


def dropouts(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """Lost packets: of fifty in a row each is silence with probability ``strength``."""
    size = math.ceil(rows.shape[1] / PACKETS)
    lost = (uniform(draws, PACKETS) < strength).repeat_interleave(size, 1)[:, : rows.shape[1]]
    return torch.where(lost, 0, rows).to(torch.int16)
