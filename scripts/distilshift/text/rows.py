"""Texts as a domain keeps them: one length."""

from distilshift.text.settings import Input

import torch.nn.functional as F
from torch import Tensor

STORED = ("uint8", 2)  # dtype and dimensions of what a dataset holds: (N, L)


def shape(wanted: Input) -> tuple[int, ...]:
    """Of one row as a domain keeps it."""
    return (wanted.length,)


def conform(rows: Tensor, wanted: Input) -> Tensor:
    """uint8 (N, L) to (N, length)."""
    return fit(rows, wanted.length)


def fit(rows: Tensor, length: int) -> Tensor:
    """uint8 (N, L) to (N, length): cut between characters, or padded with zeros."""
    if rows.shape[1] <= length:
        return F.pad(rows, (0, length - rows.shape[1]))
    kept = rows[:, :length].clone()
    # a byte 10xxxxxx goes on with a character: where the first that is cut off does, the
    # character's bytes before it go too, back to the one that begins it
    is_cut = (rows[:, length] & 0xC0) == 0x80
    for place in range(length - 1, max(length - 4, -1), -1):
        goes_on = (kept[:, place] & 0xC0) == 0x80
        kept[:, place] = kept[:, place] * ~is_cut
        is_cut = is_cut & goes_on
    return kept
