"""How sounds are drawn in figures, and shown on a page."""

import base64
import io

from distilshift.audio import prepare, views

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

LABELLED = False  # rows are shown without their classes
SAMPLES, HEIGHT = 6, 0.8  # of a domain in figures/domains: how many, and inches
ON_A_PAGE = "picture"  # what ``embed`` gives
WIDEST = 160  # pixels of a spectrogram on a page


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


def embed(rows: Tensor) -> list[str]:
    """int16 (N, T) as log-mel spectrograms, texts that a page takes for pictures."""
    spectra = prepare.Prepare(rows.shape[1])(views.plain(rows))[:, 0].numpy()
    return [as_text(spectrum[::-1]) for spectrum in spectra]


def as_text(spectrum: np.ndarray) -> str:
    """A JPEG's data URL of (bands, frames), dark where it is silent."""
    low, high = spectrum.min(), spectrum.max()
    shares = (spectrum - low) / max(high - low, 1e-9)
    picture = Image.fromarray(mpl.colormaps["magma"](shares, bytes=True)[..., :3].copy())
    picture.thumbnail((WIDEST, WIDEST))
    written = io.BytesIO()
    picture.save(written, "jpeg", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"
