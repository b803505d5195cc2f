"""A small transformer on patches of the spectrogram: a network without BatchNorm."""

from distilshift.audio.prepare import Prepare
from distilshift.networks import Network

import torch
from torch import Tensor, nn

PATCH = 8  # bands and frames a side


class Patches(nn.Module):
    """Spectra (N, 1, bands, frames) as a sequence of patches (N, P, width), each with its place."""

    def __init__(self, bands: int, frames: int, width: int):
        super().__init__()
        self.project = nn.Conv2d(1, width, PATCH, stride=PATCH)
        count = (bands // PATCH) * (frames // PATCH)
        self.places = nn.Parameter(torch.empty(1, count, width))
        nn.init.trunc_normal_(self.places, std=0.02)

    def forward(self, spectra: Tensor) -> Tensor:
        return self.project(spectra).flatten(2).transpose(1, 2) + self.places


class Mean(nn.Module):
    """Sequences (N, P, width) to their means (N, width)."""

    def forward(self, sequences: Tensor) -> Tensor:
        return sequences.mean(1)


def transformer(
    classes: int, rate: int, seconds: float, layers: int = 2, width: int = 64
) -> Network:
    """An encoder of ``layers`` pre-norm layers on patches of 8 bands and 8 frames (0.13 s).

    Each head is 16 wide, the feed-forward layers twice ``width``; no dropout.
    ``transformer-2-64`` has 74,122 parameters with ten classes at 8 kHz and one second.

    Source: Gong, Chung, Glass, "AST: Audio Spectrogram Transformer", arXiv:2104.01778,
    section 2.1; there 16x16 patches that overlap, a class token, and pretraining on ImageNet.
    """
    prepare = Prepare(rate)
    layer = nn.TransformerEncoderLayer(
        width,
        width // 16,
        2 * width,
        dropout=0.0,
        activation="gelu",
        batch_first=True,
        norm_first=True,
    )
    body = nn.Sequential(
        Patches(prepare.mels, prepare.frames(round(rate * seconds)), width),
        nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False),
        Mean(),
    )
    for part in body[1].layers[1:]:  # copies of one layer begin alike
        for module in part.modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()
        nn.init.xavier_uniform_(part.self_attn.in_proj_weight)
    return Network(body, nn.Linear(width, classes), prepare)
