"""Which samples of a dataset a domain holds, by halves, number and class."""

import hashlib

from distilshift.errors import InputError
from distilshift.seeds import generator

import numpy as np
import torch
from torch import Tensor


def split(
    inputs: Tensor, official: int | None, fraction: float, *seed: object
) -> dict[str, Tensor]:
    """Row numbers of the training and the test half, each in rising order.

    Rows that hold the same bytes are in the half of the first of them, so that no test row
    has a copy among the training rows. An official split stays as it is.
    """
    count = len(inputs)
    if official is not None:
        in_train = torch.arange(count) < official
    else:
        order = torch.randperm(count, generator=generator("split", *seed))
        in_train = torch.zeros(count, dtype=torch.bool)
        in_train[order[: round(count * fraction)]] = True
        in_train = in_train[first_equal(digests(inputs.numpy()))]
    return {"train": in_train.nonzero().squeeze(1), "test": (~in_train).nonzero().squeeze(1)}


def digests(rows: np.ndarray) -> np.ndarray:
    """A hash (N,) of the bytes of each row; rows may be mapped, one at a time is read."""
    found = [hashlib.blake2b(np.ascontiguousarray(row), digest_size=16).digest() for row in rows]
    return np.array(found, "S16")


def first_equal(values: np.ndarray) -> np.ndarray:
    """For each of the values (N,) the number of the first that equals it: itself, if none."""
    _, first, group = np.unique(values, return_index=True, return_inverse=True)
    return first[group]


def relabelled(labels: Tensor, known: list[str], wanted: list[str]) -> Tensor:
    """Labels (N,) as places among the wanted classes; -1 for samples of others.

    Raises:
        InputError: a class that the dataset does not have, or one named twice.
    """
    strange = [name for name in wanted if name not in known]
    if strange or len(set(wanted)) < len(wanted):
        problem = f"{', '.join(strange)} is not in the dataset" if strange else "a class twice"
        raise InputError("--classes", f"{problem}; allowed: {', '.join(known)}, each once")
    places = torch.tensor([wanted.index(name) if name in wanted else -1 for name in known])
    return places[labels]


def some_of(rows: Tensor, most: int | None, *seed: object) -> Tensor:
    """At most so many of these rows, drawn by the seed, in their order."""
    if most is None or most >= len(rows):
        return rows
    drawn = torch.randperm(len(rows), generator=generator("most", *seed))[:most]
    return rows[drawn.sort().values]


def few_of(labels: Tensor, count: int, *seed: object) -> Tensor:
    """``count`` rows of each class, or all it has, drawn by the seed: places in ``labels`` (N,).

    In rising order. A smaller count's are among a larger one's.
    """
    labels = labels.cpu()
    order = torch.randperm(len(labels), generator=generator("few", *seed))
    chosen = [order[labels[order] == of][:count] for of in labels.unique()]
    return torch.cat(chosen).sort().values
