"""What a dataset is, whatever it was made from."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from distilshift.errors import InputError

import numpy as np

CHUNK = 4096  # inputs in memory at a time


def words(text: str, between: str | None = None) -> list[str]:
    """A list of names, written as one text."""
    return text.split(between)


class Pictures(Protocol):
    """Inputs that are decoded as they are asked for."""

    unreadable: dict[str, str]  # name -> why it could not be decoded, known at the end
    left_out: dict[str, list[str]]  # reason -> names of what was found and is not read
    notes: dict[str, list[str]]  # what was done to some -> their names, known at the end

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]: ...


class Dataset(NamedTuple):
    inputs: np.ndarray | Pictures  # (N, ...), in memory, mapped, or decoded
    labels: np.ndarray  # int64 (N,)
    classes: list[str]
    licence: str
    train: int | None = None  # the first so many are the official training split
    names: list[str] | None = None  # what its source calls each row: N texts, such as file names

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Row numbers and inputs, a few thousand at a time; unreadable ones are left out."""
        if not isinstance(self.inputs, np.ndarray):
            yield from self.inputs.chunks()
            return
        for start in range(0, len(self.labels), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(self.labels)))
            yield rows, np.ascontiguousarray(self.inputs[rows[0] : rows[-1] + 1])

    @property
    def unreadable(self) -> dict[str, str]:
        return getattr(self.inputs, "unreadable", {})

    @property
    def left_out(self) -> dict[str, list[str]]:
        return getattr(self.inputs, "left_out", {})

    @property
    def notes(self) -> dict[str, list[str]]:
        return getattr(self.inputs, "notes", {})


def checked(where: object, data: Dataset) -> Dataset:
    """The dataset, if its rows and labels can belong together.

    Raises:
        InputError: another number of labels or names than of inputs, a label that is none of
            the classes, no row at all, a class named twice, fewer than two classes.
    """

    def refuse(problem: str) -> InputError:
        return InputError(where, problem, "fetch its files again")

    if isinstance(data.inputs, np.ndarray) and len(data.inputs) != len(data.labels):
        raise refuse(f"holds {len(data.inputs)} inputs and {len(data.labels)} labels")
    if data.names is not None and len(data.names) != len(data.labels):
        raise refuse(f"holds {len(data.names)} names and {len(data.labels)} labels")
    if len(data.labels) == 0:
        raise refuse("holds no row")
    if len(set(data.classes)) < len(data.classes):
        raise refuse("has two classes of one name")
    check_count(where, data.classes)
    strange = np.flatnonzero((data.labels < 0) | (data.labels >= len(data.classes)))
    if len(strange):
        row = strange[0]
        problem = f"row {row} has the label {data.labels[row]}, there are {len(data.classes)}"
        raise refuse(f"{problem} classes ({len(strange)} such rows)")
    return data


def check_count(where: object, classes: list[str]) -> None:
    """Refuse fewer than two classes, between which nothing can be told apart.

    Raises:
        InputError: names the one.
    """
    if len(classes) < 2:
        problem = f"has {', '.join(classes) or 'none'} for its only class; two are needed"
        raise InputError(where, problem, "add rows of another class")


def pair(where: object, inputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and int64 labels (N,) of one split, if there are as many of both.

    Two splits that are joined could hide a row too many in one and too few in the other:
    every label behind would then be that of a neighbour.

    Raises:
        InputError: there are not, or the labels are no whole numbers, one a row.
    """
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        problem = f"labels are {labels.dtype} {labels.shape}, not whole numbers, one a row"
        raise InputError(where, problem, "fetch its files again")
    if len(inputs) != len(labels):
        problem = f"holds {len(inputs)} inputs and {len(labels)} labels"
        raise InputError(where, problem, "fetch its files again")
    return inputs, labels.astype(np.int64)
