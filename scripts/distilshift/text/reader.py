"""A text of any source as a row: see ``data.streams``."""

from distilshift.data import own_tables
from distilshift.text.datasets.folders import SUFFIXES  # noqa: F401
from distilshift.text.datasets.texts import BLANK
from distilshift.text.encoding import clean, encode
from distilshift.text.settings import Input

import numpy as np

COLUMN = "text"  # of a table, which holds the texts themselves


def row(name: str, content: bytes | str, wanted: Input) -> np.ndarray:
    """uint8 (length,) of a file's bytes, or of a text.

    Raises:
        ValueError: it is no Unicode, or there is nothing in it.
    """
    text = clean(content if isinstance(content, str) else own_tables.decoded(content))
    if not text:
        raise ValueError(BLANK)
    return encode([text], wanted.length)[0]
