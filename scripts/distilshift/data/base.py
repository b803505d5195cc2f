"""What a dataset is, whatever it was made from."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

CHUNK = 4096  # inputs in memory at a time
DIGITS = [str(digit) for digit in range(10)]


def words(text: str, between: str | None = None) -> list[str]:
    """A list of names, written as one text."""
    return text.split(between)


class Pictures(Protocol):
    """Inputs that are decoded as they are asked for."""

    unreadable: list[str]  # those that could not be decoded, known at the end

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]: ...


class Dataset(NamedTuple):
    inputs: np.ndarray | Pictures  # uint8 (N, C, H, W), in memory, mapped, or decoded
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
    def unreadable(self) -> list[str]:
        return [] if isinstance(self.inputs, np.ndarray) else self.inputs.unreadable
