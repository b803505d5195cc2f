"""Which rows are near which: a Parquet table, a line a half of a domain, seed, row and neighbour.

Some of the rows of a half, by ``sample_id``, and of each as many others, ``neighbour``, the nearest
first, as the teacher of each seed sees them. The metadata says of which inputs and teachers.
"""

from pathlib import Path
from typing import NamedTuple

from distilshift.errors import InputError, rerun
from distilshift.files import tables
from distilshift.files.outputs import Half

import numpy as np
import pandas as pd

RULE = "find_neighbours"
COLUMNS = ["domain", "split", "seed", "sample_id", "neighbour"]


class Neighbours(NamedTuple):
    ids: np.ndarray  # int64 (N,), of the rows
    nearest: np.ndarray  # int64 (N, K), of each row's others, the nearest first

    def places(self, ids: np.ndarray) -> np.ndarray:
        """(N, K): where each one's others stand among ``ids``, those of the rows in any order."""
        order = np.argsort(ids)
        return order[np.searchsorted(ids, self.nearest, sorter=order)]


def write(
    path: Path,
    found: dict[tuple[Half, int], Neighbours],
    inputs: dict[Half, str],
    teachers: dict[int, str],
) -> None:
    """Write what the teacher of each seed sees in each half.

    Args:
        inputs: of each half the sha256 of its inputs.
        teachers: of each seed the sha256 of the teacher's weights.
    """
    parts = [
        pd.DataFrame(
            {
                "domain": domain,
                "split": split,
                "seed": seed,
                "sample_id": np.repeat(one.ids, one.nearest.shape[1]),
                "neighbour": one.nearest.ravel(),
            }
        )
        for ((domain, split), seed), one in found.items()
    ]
    tables.write(pd.concat(parts)[COLUMNS], path, _known(inputs, teachers))


def _known(inputs: dict[Half, str], teachers: dict[int, str]) -> dict:
    """The same as JSON has it."""
    return {
        "inputs": {" ".join(half): sha256 for half, sha256 in inputs.items()},
        "teachers": {str(seed): sha256 for seed, sha256 in teachers.items()},
    }


def read(
    path: Path, inputs: dict[Half, str], teachers: dict[int, str]
) -> dict[tuple[Half, int], Neighbours]:
    """What the teachers see of those inputs, by half and seed.

    Raises:
        InputError: the file is missing, damaged, or of other inputs or teachers.
    """
    table, known = tables.read(path, RULE, COLUMNS), tables.about(path, RULE) or {}
    for what, expected in _known(inputs, teachers).items():
        for name, sha256 in expected.items():
            got = known.get(what, {}).get(name)
            if got != sha256:
                problem = f"{what} {name}: sha256 is {got}, expected {sha256}"
                raise InputError(path, problem, rerun(RULE))
    found = {}
    for (domain, split, seed), rows in table.groupby(["domain", "split", "seed"], sort=False):
        ids = rows["sample_id"].drop_duplicates().to_numpy()
        nearest = rows["neighbour"].to_numpy().reshape(len(ids), -1)
        found[(domain, split), int(seed)] = Neighbours(ids, nearest)
    return found
