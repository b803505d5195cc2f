"""A picture of any source as a row: see ``data.streams``."""

from distilshift.image.datasets import pictures
from distilshift.image.datasets.pictures import SUFFIXES  # noqa: F401
from distilshift.image.settings import Input

import numpy as np
from PIL import Image, UnidentifiedImageError

COLUMN = "path"  # of a table, where its pictures lie
Image.init()  # before there are threads


def row(name: str, content: bytes, wanted: Input) -> np.ndarray:
    """uint8 (3, size, size) of a file's bytes.

    Raises:
        ValueError: it is no picture, or nobody can tell what its values mean.
        Exception: whatever Pillow raises on damaged bytes.
    """
    formats = ["TGA"] if name.lower().endswith(".tga") else pictures.FORMATS
    try:
        return pictures.decode(content, wanted.size, formats)[0]
    except UnidentifiedImageError as error:
        raise ValueError(pictures.why(error)) from None
