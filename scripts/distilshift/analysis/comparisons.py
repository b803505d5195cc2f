"""Rows of a cell against one another: differences, tests, and what each step of the way adds."""

import itertools
from collections.abc import Iterable, Iterator

from distilshift.analysis import headlines, statistics
from distilshift.analysis.ladder import Cell

import numpy as np
import pandas as pd

COMPARED = ["transfer", "network", "against"]


def compare(cells: Iterable[Cell]) -> pd.DataFrame:
    """Each distilled row against source-only, the oracle, and its like of the unadapted teacher.

    Differences in the headline with their interval over seeds x samples, how many seeds there
    are, the paired test, and the verdict of all three. One family of Holm's adjustment is
    one transfer, network and ``against``: what answers one question.
    """
    lines = []
    for cell in cells:
        resampled, values = cell.resampled(), cell.values
        for at in cell.distilled():
            for against, other in yardsticks(cell, at):
                difference = headlines.of_difference(
                    statistics.bca(resampled, np.subtract, at, other)
                )
                lines.append(
                    {
                        **cell.identity(at),
                        "against": against,
                        "difference": difference.value,
                        "difference_low": difference.low,
                        "difference_high": difference.high,
                        "seeds": len(cell.seeds),
                        "p": statistics.paired_test(values[at], values[other]),
                    }
                )
    found = pd.DataFrame(lines)
    found["p_holm"] = found.groupby(COMPARED)["p"].transform(statistics.holm)
    found["verdict"] = [
        statistics.verdict(
            statistics.Interval(line.difference, line.difference_low, line.difference_high),
            line.p_holm,
            line.seeds,
        )
        for line in found.itertuples()
    ]
    return found


def yardsticks(cell: Cell, at: int) -> Iterator[tuple[str, int]]:
    """What a distilled row is held against: its name, and where it is."""
    row = cell.rows.loc[at]
    for name in ("source-only", "oracle"):
        yield name, cell.place(method=name)
    other = cell.place(method=row["method"], adaptation="none", round=row["round"])
    if other not in (None, at):
        yield "unadapted teacher's student", other


def steps(cell: Cell) -> Iterator[tuple[str, int]]:
    """The way from source-only to the oracle: what each step adds, and the row it leads to.

    It goes by the config's first method to its last adaptation, and on to its last method
    and round. Steps that a network does not have are left out; where a row on the way is
    not there, the next step holds what led to it too, and says so.
    """
    students = cell.distilled()
    first, last = (cell.rows.loc[students[end]] for end in (0, -1))
    found = [
        ("", cell.place(method="source-only")),
        ("distillation", cell.place(method=first["method"], adaptation="none", round=1)),
        ("BatchNorm", cell.place(method=first["method"], adaptation="adabn", round=1)),
        ("adaptation", cell.place(method=first["method"], adaptation=last["adaptation"], round=1)),
        ("method", cell.place(method=last["method"], adaptation=last["adaptation"], round=1)),
        ("rounds", students[-1]),
        ("labels", cell.place(method="oracle")),
    ]
    passed, held = set(), ""
    for step, at in found:
        if at is None and step != "BatchNorm":
            held += f"{step} + "
        elif at is not None and at not in passed:
            passed.add(at)
            yield held + step, at
            held = ""


def decompose(cells: Iterable[Cell]) -> pd.DataFrame:
    """The headline before and after each step, and what it adds, with its interval.

    The increments of a cell sum to the oracle's value less source-only's. The last,
    ``labels``, is what the target's labels would still add; below 0 they add nothing.
    """
    lines = []
    for cell in cells:
        resampled = cell.resampled()
        way = list(steps(cell))
        for (_, before), (step, after) in itertools.pairwise(way):
            increment = headlines.of_difference(
                statistics.bca(resampled, np.subtract, after, before)
            )
            lines.append(
                {
                    "transfer": cell.transfer,
                    "network": cell.network,
                    "step": step,
                    "from_row": cell.rows.loc[before, "row"],
                    "to_row": cell.rows.loc[after, "row"],
                    f"{cell.headline}_before": resampled.means[before].mean(),
                    f"{cell.headline}_after": resampled.means[after].mean(),
                    "increment": increment.value,
                    "increment_low": increment.low,
                    "increment_high": increment.high,
                }
            )
    return pd.DataFrame(lines)
