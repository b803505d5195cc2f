"""Sounds as a domain keeps them: one rate, one length, one channel."""

import math

from distilshift.audio.settings import Input
from distilshift.errors import InputError

import numpy as np
from torch import Tensor

STORED = ("int16", 2)  # of a dataset: dtype and number of dimensions
SAID = 0.001  # share of the energy before and behind what counts as said
LOUDEST = 2  # of full scale: what decoders and filters overshoot; beyond it are other units


def shape(wanted: Input) -> tuple[int, ...]:
    """Of one row as a domain keeps it."""
    return (wanted.samples,)


def conform(rows: Tensor, wanted: Input) -> Tensor:
    """int16 (N, T) as they are: sounds get their rate and length where they are decoded.

    Raises:
        InputError: they have another length, so they were made for another ``audio``.
    """
    if rows.shape[1] != wanted.samples:
        problem = f"holds rows of {rows.shape[1]} samples"
        remedy = f"{wanted.rate} Hz and {wanted.seconds} s are {wanted.samples}: fetch it again"
        raise InputError("dataset", problem, remedy)
    return rows


def fit(sound: np.ndarray, rate: int, wanted: Input) -> np.ndarray:
    """int16 (T,) of a sound as it was recorded: mono, resampled once, cut or padded.

    What is said, from the first to the last thousandth of the energy, comes into the middle;
    if it is longer than a row, the row of most energy is kept. The level stays, and what is
    louder than full scale is clipped.

    Args:
        sound: float (samples,) or (samples, channels), full scale from -1 to 1.
        rate: its samples a second.

    Raises:
        ValueError: there is no sample, or one that is no finite number or far above full scale.
    """
    from scipy.signal import resample_poly  # half a second to import

    if sound.size == 0:
        raise ValueError("holds no sample")
    if not np.isfinite(sound).all():
        raise ValueError("holds what is no finite number")
    most = np.abs(sound).max()
    if most > LOUDEST:
        raise ValueError(f"values up to {most:g}; floats are -1 to 1, so divide them before")
    mono = averaged(sound)
    if rate != wanted.rate:
        both = math.gcd(rate, wanted.rate)
        mono = resample_poly(mono, wanted.rate // both, rate // both)
    length = wanted.samples
    start = first_sample(mono, length)
    placed = np.zeros(length)
    here = max(0, -start)
    some = mono[max(0, start) : start + length]
    placed[here : here + len(some)] = some
    return np.rint(placed * 32768).clip(-32768, 32767).astype(np.int16)


def averaged(sound: np.ndarray) -> np.ndarray:
    """One channel (samples,) of one or several (samples, channels)."""
    return sound.mean(1) if sound.ndim == 2 else sound


def first_sample(mono: np.ndarray, length: int) -> int:
    """Where a row of ``length`` begins in a sound (samples,); before it, if negative."""
    energy = np.concatenate([[0], np.cumsum(mono.astype(np.float64) ** 2)])
    first, last = np.searchsorted(energy, np.array([SAID, 1 - SAID]) * energy[-1], "right")
    if energy[-1] == 0:
        first, last = 0, len(mono)
    if last - first <= length:
        return int(first + last - length) // 2
    return int((energy[length:] - energy[:-length]).argmax())
