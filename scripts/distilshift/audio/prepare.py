"""What a network does to sounds before its first layer: the logarithm of a mel spectrum."""

import torch
from torch import Tensor, nn

WINDOW, HOP = 0.032, 0.016  # seconds
DEPTH = 60.0  # decibels below the loudest that are still seen


def mel(hertz: Tensor) -> Tensor:
    """Frequencies in mels, as HTK has them: 2595 log10(1 + f / 700).

    Source: Young et al., "The HTK Book" (3.4), equation 5.13.
    """
    return 2595 * torch.log10(1 + hertz / 700)


def filterbank(mels: int, window: int, rate: int) -> Tensor:
    """Weights (mels, window // 2 + 1) of triangles that overlap by half, even in mels.

    The highest weight of each is 1 (between two bins of the spectrum it may not be reached);
    the first begins at 0 Hz and the last ends at half the rate.
    """
    top = mel(torch.tensor(rate / 2, dtype=torch.float64))
    corners = 700 * (10 ** (torch.linspace(0, top, mels + 2, dtype=torch.float64) / 2595) - 1)
    bins = torch.linspace(0, rate / 2, window // 2 + 1, dtype=torch.float64)
    left, middle, right = (corners[k : k + mels, None] for k in range(3))
    rising = (bins - left) / (middle - left)
    falling = (right - bins) / (right - middle)
    return torch.minimum(rising, falling).clamp_min(0).float()


class Prepare(nn.Module):
    """From waveforms as ``views.plain`` gives them to log-mel spectra.

    In decibels below the loudest of the row, down to ``DEPTH``, scaled to -1..1: how loud a
    whole row is leaves no trace.

    Args:
        rate: samples a second of the waveforms; these stay as they are, if not given.
        mels: bands.
    """

    def __init__(self, rate: int | None = None, mels: int = 40):
        super().__init__()
        self.rate, self.mels = rate, mels
        if rate is None:
            return
        self.window, self.hop = round(WINDOW * rate), round(HOP * rate)
        bank = filterbank(mels, self.window, rate)
        # made anew from the facts, so none of a file's weights
        self.register_buffer("bank", bank, persistent=False)
        self.register_buffer("taper", torch.hann_window(self.window), persistent=False)

    @property
    def facts(self) -> dict:
        """What makes another one like it; for a header."""
        return {} if self.rate is None else {"rate": self.rate, "mels": self.mels}

    def frames(self, samples: int) -> int:
        """How many spectra a row of so many samples gives."""
        return samples // self.hop + 1

    def forward(self, waves: Tensor) -> Tensor:
        """float (N, T) to float32 (N, 1, mels, frames), or as they are."""
        if self.rate is None:
            return waves
        with torch.autocast(waves.device.type, enabled=False):  # a logarithm of 8 bits is coarse
            spectra = torch.stft(
                waves.float(),
                self.window,
                self.hop,
                window=self.taper,
                pad_mode="constant",
                return_complex=True,
            )
            power = self.bank @ (spectra.real**2 + spectra.imag**2)
            decibels = 10 * power.clamp_min(1e-10).log10()
            loudest = decibels.amax((1, 2), keepdim=True)
            seen = (decibels - loudest).clamp_min(-DEPTH) * (2 / DEPTH) + 1
        return seen[:, None]
