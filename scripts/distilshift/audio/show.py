"""How sounds are drawn in figures."""

from distilshift.audio import prepare, views

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

SAMPLES, HEIGHT = 6, 0.8  # of a domain in figures/domains: how many, and inches


def draw(axis: Axes, rows: Tensor) -> None:
    """int16 (N, T) side by side, the waveform above its log-mel spectrum, low bands below.

    No rate is known here: the mel scale is that of a row that lasts a second.
    """
    waves = views.plain(rows)
    spectra = prepare.Prepare(rows.shape[1])(waves)[:, 0].numpy()
    _, bands, frames = spectra.shape
    gap = 2
    for number, (wave, spectrum) in enumerate(zip(waves.numpy(), spectra, strict=True)):
        left = number * (frames + gap)
        place = (left, left + frames, 0, bands)
        axis.imshow(spectrum, origin="lower", extent=place, aspect="auto", cmap="magma")
        times = left + np.linspace(0, frames, len(wave))
        height = wave / max(abs(wave).max(), 1e-9) * bands / 4 + bands * 1.3
        axis.plot(times, height, linewidth=0.2, color="black", rasterized=True)
    axis.set_xlim(0, len(rows) * (frames + gap) - gap)
    axis.set_ylim(0, bands * 1.6)
    axis.set_axis_off()
