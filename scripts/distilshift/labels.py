"""Reading true labels, which always belong to known samples."""

from pathlib import Path

from distilshift.errors import InputError
from distilshift.headers import load_arrays

import numpy as np


def load(path: Path, images: dict, ids: np.ndarray) -> np.ndarray:
    """Labels (N,) int64 of exactly these samples.

    Args:
        images: what is known of their images: dataset, classes, split.
        ids: int64 (N,).

    Raises:
        InputError: also where the labels are of other samples or another class list.
    """
    content, header = load_arrays(path, "labels", "construct_domain")
    for field in ("dataset", "classes", "split"):
        if header[field] != images[field]:
            problem = f"{field} is {header[field]}, that of the images is {images[field]}"
            raise InputError(path, problem, "check the flags")
    if not np.array_equal(content["ids"], ids):
        raise InputError(path, "labels are of other samples than the images", "check the flags")
    return content["labels"]
