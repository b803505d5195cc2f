"""A small convolutional network on bytes, with BatchNorm."""

from distilshift.networks import Network

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CODE = 16  # of a byte


def bytecnn(classes: int, length: int, width: int = 64) -> Network:
    """Three convolutions over bytes with BatchNorm, widths w, w, 2w, each then pooled by two.

    The features are the mean and the largest value over the text, 4w of them.

    Source: Zhang, Zhao, LeCun, "Character-level Convolutional Networks for Text
    Classification", arXiv:1509.01626; there six, much wider, on 70 characters.
    """
    return Network(ByteCNN(width), nn.Linear(4 * width, classes))


class ByteCNN(nn.Module):
    """From texts uint8 (N, L) to features (N, 4 * width). What is behind the end counts nowhere."""

    def __init__(self, width: int):
        super().__init__()
        self.code = nn.Embedding(256, CODE, padding_idx=0)
        wide = [CODE, width, width, 2 * width]
        sizes = (7, 5, 3)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(*pair, size, padding=size // 2, bias=False)  # BatchNorm subtracts it
            for *pair, size in zip(wide[:-1], wide[1:], sizes, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(count) for count in wide[1:])

    def forward(self, rows: Tensor) -> Tensor:
        # a text without a byte still has one place, which holds nothing
        there = rows[:, None] != 0
        there[:, :, 0] = True
        values = self.code(rows.int()).transpose(1, 2)
        for convolve, norm in zip(self.convolutions, self.norms, strict=True):
            values = F.relu(norm(convolve(values))) * there
            values = F.max_pool1d(values, 2, ceil_mode=True)
            there = F.max_pool1d(there.to(values.dtype), 2, ceil_mode=True) > 0
        mean = values.sum(2) / there.sum(2)
        return torch.cat([mean, values.amax(2)], 1)
