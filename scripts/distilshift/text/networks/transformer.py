"""A small transformer on bytes, trained from scratch."""

from distilshift.errors import InputError
from distilshift.networks import Network

import torch
from torch import Tensor, nn

HEAD = 16  # width of an attention head, at least
PATCH = 4  # bytes that one token stands for


def transformer(classes: int, length: int, layers: int = 2, width: int = 64) -> Network:
    """A transformer encoder with the norm first, on tokens of four bytes; the mean of its tokens.

    Args:
        layers: of attention.
        width: of a token, a multiple of 16; a head of attention has 16 or 32 of it.

    Source: Vaswani et al., arXiv:1706.03762; the convolution that makes tokens of bytes as in
    CANINE, Clark et al., arXiv:2103.06874, with overlapping windows.
    """
    if width % HEAD:
        problem = f"its width must be a multiple of {HEAD}, got {width}"
        raise InputError(f"model transformer-{layers}-{width}", problem)
    return Network(Encoder(length, layers, width), nn.Linear(width, classes))


class Encoder(nn.Module):
    """From texts uint8 (N, L) to features (N, width); what is behind the end counts nowhere."""

    def __init__(self, length: int, layers: int, width: int):
        super().__init__()
        self.code = nn.Embedding(256, width // 2, padding_idx=0)
        self.patch = nn.Conv1d(width // 2, width, 2 * PATCH, stride=PATCH, padding=PATCH // 2)
        self.places = nn.Parameter(0.02 * torch.randn(-(-length // PATCH), width))
        heads = width // (2 * HEAD if width % (2 * HEAD) == 0 else HEAD)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.1, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, rows: Tensor) -> Tensor:
        count = len(self.places)
        rows = nn.functional.pad(rows, (0, PATCH * count - rows.shape[1]))
        empty = (rows == 0).view(-1, count, PATCH).all(2)
        empty[:, 0] = False  # a text without a byte has a token still, for nothing is no mean
        tokens = self.patch(self.code(rows.int()).transpose(1, 2)).transpose(1, 2) + self.places
        there = ~empty.unsqueeze(2)
        seen = self.norm(self.encoder(tokens, src_key_padding_mask=empty))
        return (seen * there).sum(1) / there.sum(1)
