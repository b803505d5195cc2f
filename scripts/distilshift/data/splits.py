"""Which samples of a dataset a domain holds, by halves, number and class."""

from distilshift.errors import InputError
from distilshift.seeds import generator

import torch
from torch import Tensor


def split(count: int, official: int | None, fraction: float, *seed: object) -> dict[str, Tensor]:
    """Row numbers of the training and the test half, each in rising order."""
    if official is not None:
        order, cut = torch.arange(count), official
    else:
        order, cut = (
            torch.randperm(count, generator=generator("split", *seed)),
            round(count * fraction),
        )
    return {"train": order[:cut].sort().values, "test": order[cut:].sort().values}


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
