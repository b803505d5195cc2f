"""A change of a text as a shift of rows."""

from collections.abc import Callable

from distilshift.data.draws import Draws
from distilshift.text.encoding import decode, encode

import numpy as np
import torch
from torch import Tensor


def each(rows: Tensor, draws: Draws, change: Callable[[str, np.random.Generator], str]) -> Tensor:
    """Rows (N, L) whose every text has been changed by itself."""
    texts = decode(rows.numpy())
    changed = [change(text, draw) for text, draw in zip(texts, draws, strict=True)]
    return torch.from_numpy(encode(changed, rows.shape[1]))
