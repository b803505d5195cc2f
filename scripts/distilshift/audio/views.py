"""Preprocessing and augmentation of whole batches, on the device the rows are on.

A view of a row is nine numbers, its parameters, named by ``PARAMETERS``: where it is moved
(fraction of the row), how much faster it is played (relative), how much louder (decibels),
noise (amplitude relative to the row's, and a seed), and the masks of SpecAugment, a time and
a band, each a length and where it lies. They are cut out of the waveform, so that a network
may make any spectrum of it. Whoever has the numbers can make the same view again.
"""

from distilshift.audio import waves
from distilshift.audio.settings import Source, View
from distilshift.seeds import generator

import torch
from torch import Tensor

PREPROCESSING = "int16 / 32768"
PARAMETERS = (
    *("shift", "speed", "gain", "noise", "noise_seed"),
    *("masked_time", "time_place", "masked_band", "band_place"),
)
SEEDS = 2**24  # a seed is a float32 in a cache, which holds whole numbers below this
TIMBRES = 8  # gains a row draws for its timbre


def plain(rows: Tensor) -> Tensor:
    """int16 (N, T) to float32 in -1..1: one transform for every domain."""
    # a copy, also of floats: what is changed in place is never the caller's
    return rows.to(torch.float32, copy=True).mul_(1 / 32768)


def draw(count: int, ranges: View, *stream: object) -> Tensor:
    """Random parameters of ``count`` rows, (count, 9), drawn on the CPU.

    Args:
        ranges: the largest changes.
        stream: names the random stream.

    Source: of the masks, Park et al., "SpecAugment", arXiv:1904.08779, section 2, with one of
    each kind.
    """
    drawn = torch.rand(count, len(PARAMETERS), generator=generator(*stream))
    drawn[:, :3] = drawn[:, :3] * 2 - 1
    drawn[:, 4] = (drawn[:, 4] * SEEDS).floor()
    largest = [ranges.shift, ranges.speed, ranges.gain, ranges.noise, 1.0]
    largest += [ranges.masked_time, 1.0, ranges.masked_band, 1.0]
    return drawn.mul_(torch.tensor(largest))


def strengthen(parameters: Tensor, strength: float) -> Tensor:
    """Views (N, 9) whose every change is ``strength`` times as large; seeds and places stay."""
    changes = [not name.endswith(("seed", "place")) for name in PARAMETERS]
    by = torch.where(torch.tensor(changes), strength, 1.0).to(parameters)
    return parameters * by


def factor(decibels: Tensor) -> Tensor:
    """What amplitudes are multiplied by.

    In double, then rounded: a power in float32 is another in a row's last place by where it
    lies in its batch.
    """
    return (10 ** (decibels.double() / 20)).float()


def see(rows: Tensor, parameters: Tensor) -> Tensor:
    """int16 rows (N, T), preprocessed, as parameters (N, 9) say; float32."""
    of = dict(zip(PARAMETERS, parameters.unbind(1), strict=True))
    seen = waves.moved(plain(rows), of["shift"], 1 + of["speed"])
    length = seen.shape[1]
    seen = seen * factor(of["gain"])[:, None]
    if of["noise"].any():
        amplitude = of["noise"][:, None] * waves.level(seen)
        seen = seen + amplitude * waves.noise(of["noise_seed"], length)
    if of["masked_band"].any():
        width = of["masked_band"].clamp(max=1)
        seen = waves.without_band(seen, of["band_place"] * (1 - width), width)
    lost = (of["masked_time"].clamp(max=1) * length).round()[:, None]
    first = (of["time_place"][:, None] * (length - lost)).floor()
    times = torch.arange(length, device=seen.device)
    return torch.where((times >= first) & (times < first + lost), 0.0, seen)


def disturb(seen: Tensor, source: Source, *stream: object) -> Tensor:
    """Labelled source rows (N, T), preprocessed, as if other voices had said the same.

    Each row draws its own voice: tempo, pitch, vocal tract, timbre and band. Drawn on the
    CPU.

    Args:
        stream: names the random stream.
    """
    if not any(source.facts().values()):
        return seen
    drawn = torch.rand(len(seen), 5 + TIMBRES, generator=generator(*stream)).to(seen.device)
    either = drawn * 2 - 1
    if source.tempo or source.pitch:
        pitch = 2 ** (either[:, 1] * source.pitch / 12)
        seen = waves.in_grains(seen, 1 + either[:, 0] * source.tempo, pitch)
    if source.tract or source.timbre or source.band:
        # of the band that is lost as much lies above as below, on the scale of bands
        lost = drawn[:, 3:5] * source.band / 2
        low, high = map(waves.frequency_of, (lost[:, 0], 1 - lost[:, 1]))
        tract = 1 + either[:, 2] * source.tract
        seen = waves.colour(seen, tract, either[:, 5:] * source.timbre, low, high)
    return seen
