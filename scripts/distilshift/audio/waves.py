"""What is done to waveforms, whole batches at a time: floats (N, T).

No function knows a rate. A frequency is a fraction of half the rate, and bands lie on a scale
like that of mels: ``place = log(1 + 7 fraction) / log 8``, which is the mel scale (HTK's, see
``prepare``) where half the rate is 4,900 Hz.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

BEND = 7.0  # of the scale of bands
GRAIN = 320  # samples: 40 ms at 8 kHz, two periods of a voice of 50 Hz
FRAME, HOP = 256, 128  # of the short-time spectra in ``colour``
LIFTER = 32  # quefrencies that make the envelope: the vocal tract, not a pitch below 250 Hz


def read_at(waves: Tensor, places: Tensor) -> Tensor:
    """Waves (N, T) read at places (N, S) in samples, straight between two of them; 0 outside.

    At whole places it gives the samples themselves.
    """
    length = waves.shape[1]
    first = places.floor()
    padded = F.pad(waves, (2, 2))  # what lies outside is read as zeros
    at = first.clamp(-2, length).long().add_(2)
    here = padded.gather(1, at)
    # one operation at a time: a fused one would round by where a row lies in its batch
    return here + (places - first) * (padded.gather(1, at.add_(1)) - here)


def moved(waves: Tensor, shift: Tensor, speed: Tensor) -> Tensor:
    """Waves (N, T) played ``speed`` times as fast around their middle, then moved.

    Args:
        shift: (N,), fraction of the row to the right, rounded to whole samples.
        speed: (N,), 1 changes nothing; pitch, tempo and formants change alike.
    """
    length = waves.shape[1]
    middle = (length - 1) / 2
    times = torch.arange(length, device=waves.device) - middle
    offset = (shift * length).round()
    return read_at(waves, (times - offset[:, None]) * speed[:, None] + middle)


def in_grains(waves: Tensor, tempo: Tensor, pitch: Tensor) -> Tensor:
    """Waves (N, T) at another tempo and, apart from it, another pitch.

    Overlapping grains of ``GRAIN`` samples, weighted by squared cosines that add up to 1:
    where a grain begins is read ``tempo`` times as fast, what is in it ``pitch`` times.

    Args:
        tempo, pitch: (N,), factors; 1 changes nothing. Formants move with the pitch.

    Source: overlap-add without synchronisation, as Roads, "Microsound" (2001), chapter 5;
    there with grains of any window.
    """
    length = waves.shape[1]
    middle = (length - 1) / 2
    times = torch.arange(length, device=waves.device, dtype=waves.dtype)
    total = torch.zeros_like(waves)
    for late in (0, GRAIN // 2):
        centre = ((times - late) / GRAIN).round() * GRAIN + late
        weight = torch.cos((times - centre) * (math.pi / GRAIN)) ** 2
        around = (centre - middle) * tempo[:, None] + middle
        total += weight * read_at(waves, around + (times - centre) * pitch[:, None])
    return total


def place_of(frequency: Tensor) -> Tensor:
    """Where frequencies (fractions of half the rate) lie on the scale of bands, 0 to 1."""
    return torch.log1p(BEND * frequency) / math.log1p(BEND)


def frequency_of(place: Tensor) -> Tensor:
    """What lies at places of that scale."""
    return torch.expm1(place * math.log1p(BEND)) / BEND


def without_band(waves: Tensor, start: Tensor, width: Tensor) -> Tensor:
    """Waves (N, T) without what they have in one band; exactly themselves, where it is empty.

    Args:
        start, width: (N,), on the scale of bands.
    """
    length = waves.shape[1]
    frequency = torch.linspace(0, 1, length // 2 + 1, device=waves.device, dtype=waves.dtype)
    place = place_of(frequency)
    inside = (place >= start[:, None]) & (place < (start + width)[:, None])
    return waves - torch.fft.irfft(torch.fft.rfft(waves) * inside, length)


def noise(seeds: Tensor, length: int) -> Tensor:
    """White noise (N, length) of mean square 1, evenly distributed, a function of each seed.

    Whole numbers alone are computed, so that every device makes the same.

    Args:
        seeds: (N,), whole numbers from 0 to 2**24.

    Source: the integer hash ``lowbias32``, C. Wellons, "Prospecting for Hash Functions" (2018).
    """

    def mixed(x: Tensor) -> Tensor:  # 32 bits; >> repeats the sign, so what it moves in is cut
        x = (x ^ ((x >> 16) & 0xFFFF)) * 0x7FEB352D
        x = (x ^ ((x >> 15) & 0x1FFFF)) * (0x846CA68B - 2**32)
        return x ^ ((x >> 16) & 0xFFFF)

    seeds = mixed(seeds.to(torch.int32) + 1)
    counts = torch.arange(length, dtype=torch.int32, device=seeds.device)
    # the upper 24 bits, as float32 holds them exactly; even between -sqrt 3 and sqrt 3
    drawn = mixed(seeds[:, None] ^ mixed(counts + 0x5BD1E995)) >> 8
    return (drawn + 0.5) * (3**0.5 / 2**23)


def level(waves: Tensor) -> Tensor:
    """The root mean square of waves (N, T), where they are not silent: (N, 1).

    Silent are samples more than 40 dB below the loudest; a row's level is then that of what
    is said in it, and not of how long it is silent.
    """
    power = waves.square()
    heard = power > 1e-4 * power.amax(1, keepdim=True)
    mean = (power * heard).sum(1, keepdim=True) / heard.sum(1, keepdim=True).clamp_min(1)
    return mean.sqrt()


def colour(waves: Tensor, tract: Tensor, gains: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Waves (N, T) of another vocal tract, timbre and band; pitch and tempo stay.

    Of each short-time spectrum the envelope, from the low quefrencies of its cepstrum, is
    read at ``tract`` times the frequency, as if the tract were so much longer.

    Args:
        tract: (N,), 1 changes nothing.
        gains: (N, K) in decibels, at places 0 to 1 of the scale of bands, straight between.
        low, high: (N,), edges of the band that is left, fractions of half the rate; beyond
            them it falls by 24 dB an octave.

    Source: warping by the tract's length: Jaitly, Hinton, "Vocal Tract Length Perturbation
    improves speech recognition", ICML workshop 2013, there of mel filters; envelopes by
    liftering: Oppenheim, Schafer, "Discrete-Time Signal Processing", chapter 13.
    """
    length, like = waves.shape[1], {"device": waves.device, "dtype": waves.dtype}
    window = torch.hann_window(FRAME, **like)
    spectra = torch.stft(waves, FRAME, HOP, window=window, pad_mode="constant", return_complex=True)
    log_power = (spectra.real**2 + spectra.imag**2 + 1e-8).log()
    cepstra = torch.fft.irfft(log_power, FRAME, dim=1)[:, :LIFTER]
    cepstra[:, 1:] *= 2  # the upper half is the mirror of the lower
    bins = torch.arange(FRAME // 2 + 1, **like)
    angles = bins * (math.pi / bins[-1])
    orders = torch.arange(LIFTER, **like)
    here = torch.cos(angles[:, None] * orders)
    there = torch.cos((angles * tract[:, None]).clamp(max=math.pi)[..., None] * orders)
    # log amplitudes that are added: half of the log power
    change = (there - here) @ cepstra / 2
    places = place_of(bins / bins[-1]) * (gains.shape[1] - 1)
    left = places.long().clamp(max=gains.shape[1] - 2)
    share = places - left
    decibels = gains[:, left] * (1 - share) + gains[:, left + 1] * share
    octaves = (bins / bins[-1]).clamp_min(1e-3).log2()
    below = (low[:, None].clamp_min(1e-3).log2() - octaves).clamp_min(0)
    above = (octaves - high[:, None].log2()).clamp_min(0)
    decibels = decibels - 24 * (below + above)
    change = change + decibels[..., None] * (math.log(10) / 20)
    return torch.istft(
        spectra * change.clamp(-12, 4).exp(), FRAME, HOP, window=window, length=length
    )
