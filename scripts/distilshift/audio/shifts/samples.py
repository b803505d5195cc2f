"""Between the samples that a domain keeps and the floats that a shift computes with."""

import torch
from torch import Tensor


def exact(rows: Tensor) -> Tensor:
    """int16 (N, T) to float64 in -1..1.

    In double, as what is rounded in float32 hangs on where a row lies in its batch, and a
    sample near a half would go one way or the other.
    """
    return rows.double() / 32768


def to_samples(waves: Tensor) -> Tensor:
    """Floats in -1..1 (N, T) to int16: rounded, cut off at both ends."""
    return (waves * 32768).round().clamp(-32768, 32767).to(torch.int16)
