"""Seeds that derive from names, so that no two uses share a random stream by accident."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def seed_from(*names: object) -> int:
    """A 63-bit seed from any number of names: ``seed_from("teacher", "mnist5k", 0)``.

    The same names give the same seed on every machine and in every process
    (unlike ``hash``); other names give, for all practical purposes, another one.
    """
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(*names: object) -> torch.Generator:
    """A CPU generator seeded from names: draws do not depend on the device of the data."""
    import torch  # here, for the steps that need a seed and no torch

    return torch.Generator().manual_seed(seed_from(*names))
