"""Reading true labels, which always belong to known samples."""

from pathlib import Path
from typing import NamedTuple

from distilshift.errors import InputError
from distilshift.files import names
from distilshift.files.headers import load_arrays

import numpy as np
import pyarrow as pa


class Labels(NamedTuple):
    labels: np.ndarray  # int64 (N,)
    names: pa.LargeStringArray  # (N,), what the source calls the samples


def load(path: Path, inputs: dict, ids: np.ndarray) -> Labels:
    """The labels of exactly these samples.

    Args:
        inputs: what is known of their inputs: dataset, classes, split.
        ids: int64 (N,).

    Raises:
        InputError: also where the labels are of other samples or another class list.
    """
    content, header = load_arrays(path, "labels", "construct_domain")
    for field in ("dataset", "classes", "split"):
        if header[field] != inputs[field]:
            problem = f"{field} is {header[field]}, that of the inputs is {inputs[field]}"
            raise InputError(path, problem, "check the flags")
    if not np.array_equal(content["ids"], ids):
        raise InputError(path, "labels are of other samples than the inputs", "check the flags")
    return Labels(content["labels"], names.of(content))
