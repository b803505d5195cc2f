"""A sound of any source as a row: see ``data.streams``."""

from distilshift.audio.datasets import sounds
from distilshift.audio.datasets.sounds import SUFFIXES  # noqa: F401
from distilshift.audio.settings import Input

import numpy as np

COLUMN = "path"  # of a table, where its sounds lie


def row(name: str, content: bytes, wanted: Input) -> np.ndarray:
    """int16 (rate * seconds,) of a file's bytes.

    Raises:
        InputError: what reads such a file is not installed.
        Exception: whatever the readers raise on damaged bytes.
    """
    return sounds.row(name, content, wanted)[0]
