"""The ladder: from the source-only student up to the oracle, and the gap between."""

from collections.abc import Iterator
from typing import NamedTuple

from distilshift import row_names
from distilshift.analysis import headlines, statistics
from distilshift.errors import InputError, rerun

import numpy as np
import pandas as pd

CELL = ["transfer", "network"]
ROW = [*CELL, "method", "adaptation", "round"]
# of the predictions, what a cell is made from
PREDICTIONS = [*ROW, "seed", "domain", "split", "sample_id", "label", "prediction"]
# the yardsticks stand around the students; a distilled row has no name here
RANKS = {"teacher": 0, "source-only": 1, "oracle": 4}
DISTILLED, LABELLED = 2, 3


def rank(method: str) -> int:
    """Where a method's rows stand; those that have seen few target labels are no students."""
    return LABELLED if row_names.few_labels(method) else RANKS.get(method, DISTILLED)


def is_distilled(methods: pd.Series) -> pd.Series:
    """Of each whether its row is a student's that has seen no target label."""
    return methods.map(rank) == DISTILLED


def label(method: str, adaptation: str | None, round_: int = 1, rounds: int = 1) -> str:
    """What a row is called in tables and figures: the method, and the teacher's adaptation.

    Behind it how often it learned, or how many target labels a class it has seen.
    """
    if few := row_names.few_labels(method):
        return label(few[0], adaptation) + row_names.behind(few[1])
    if method == "teacher":
        return f"teacher ({adaptation})"
    if method in ("source-only", "oracle"):
        return method
    return f"{method} ({adaptation})" + (f", round {round_}" if rounds > 1 else "")


def rows(metrics: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Target-test accuracy, or another metric, a network and seed, with ``row``, in its order."""
    found = metrics[(metrics["metric"] == metric) & (metrics["domain"] == "target")].copy()
    rounds = found["round"].max()
    found["row"] = [
        label(m, a, r, rounds)
        for m, a, r in zip(found["method"], found["adaptation"], found["round"], strict=True)
    ]
    # cells as the config lists them; within a cell the yardsticks stand around the students
    cells = found.groupby(CELL, sort=False).ngroup()
    ranks = found["method"].map(rank)
    return found.assign(cell=cells, rank=ranks).sort_values(["cell", "rank"], kind="stable")


def order(rows: pd.DataFrame) -> list[str]:
    """The labels of all cells' rows, the yardsticks around the students."""
    return list(rows.sort_values("rank", kind="stable")["row"].unique())


MOST = 40  # lines of a figure that a page holds


def lines(rows: pd.DataFrame) -> dict[str, str]:
    """The line of a figure that each row stands on, from the top down.

    One of its own, while a page holds them; else the students of an adaptation share one;
    else those of a method do, and all teachers. A row that is alone on one keeps its name.
    """
    known = rows.drop_duplicates("row").set_index("row").loc[order(rows)]
    distilled, teacher = is_distilled(known["method"]), known["method"] == "teacher"
    row = known.index.to_series()
    by_adaptation = row.mask(distilled, "students (" + known["adaptation"].fillna("") + ")")
    by_method = row.mask(distilled, known["method"]).mask(teacher, "teacher")
    shared = [row, by_adaptation, by_method]
    of = next((of for of in shared if of.nunique() <= MOST), by_method)
    sizes = of.map(of.value_counts())
    return dict(row.mask(sizes > 1, of + ", " + sizes.astype(str) + " rows"))


class Cell(NamedTuple):
    """A transfer and network on the target's test half.

    rows: method, adaptation, round, row (its label) and rank of R rows, in the ladder's order.
    seeds: the S seeds, labels: (N,) of N samples, predictions: (R, S, N).
    headline: the measure that rows are held against one another by.
    """

    transfer: str
    network: str
    rows: pd.DataFrame
    seeds: list[int]
    labels: np.ndarray
    predictions: np.ndarray
    headline: str = "accuracy"

    @property
    def correct(self) -> np.ndarray:
        """(R, S, N): whether each prediction is right."""
        return self.predictions == self.labels

    @property
    def values(self) -> np.ndarray:
        """(R, S, N): what the headline is the mean of, see ``headlines.values``."""
        return headlines.values(self.headline, self.predictions, self.labels)

    def resampled(self) -> statistics.Resampled:
        """The headline's values with their crossed resamples: the same for every table."""
        return statistics.resample(self.values, self.transfer, self.network)

    def place(self, **wanted: object) -> int | None:
        """Where the row is whose columns are as wanted; None without one."""
        same = (self.rows[list(wanted)] == pd.Series(wanted)).all(axis=1).to_numpy()
        return int(same.argmax()) if same.any() else None

    def identity(self, at: int) -> dict[str, object]:
        """The columns that say in a table which row it is."""
        row = self.rows.loc[at, ["method", "adaptation", "round", "row"]].to_dict()
        return {"transfer": self.transfer, "network": self.network, **row}

    def distilled(self) -> list[int]:
        """Where the distilled rows are."""
        return list(np.flatnonzero(self.rows["rank"] == DISTILLED))


def cells(predictions: pd.DataFrame, headline: str = "accuracy") -> Iterator[Cell]:
    """The cells that predictions (columns ``PREDICTIONS``) are of, in their order.

    Raises:
        InputError: the rows of a cell were not measured on the same seeds and samples.
    """
    kept = (predictions["domain"] == "target") & (predictions["split"] == "test")
    rounds = predictions["round"].max()
    for (transfer, network), cell in predictions[kept].groupby(CELL, sort=False):
        known = cell[["method", "adaptation", "round"]].drop_duplicates()
        known["rank"] = known["method"].map(rank).astype(int)
        known = known.sort_values("rank", kind="stable", ignore_index=True)
        known["row"] = [
            label(line.method, line.adaptation, line.round, rounds) for line in known.itertuples()
        ]
        at = known.assign(at=range(len(known))).drop(columns=["rank", "row"])
        cell = cell.merge(at, on=["method", "adaptation", "round"])
        cell = cell.sort_values(["at", "seed", "sample_id"], kind="stable")
        seeds = sorted(int(seed) for seed in cell["seed"].unique())
        shape = len(known), len(seeds), -1
        whole = len(cell) % (len(known) * len(seeds)) == 0 and all(
            (column == column[0, 0]).all()
            for column in (cell[name].to_numpy().reshape(shape) for name in ("sample_id", "label"))
        )
        if not whole:
            problem = f"{transfer}, {network}: rows differ in their seeds or samples"
            raise InputError("--predictions", problem, rerun("evaluate"))
        labels = cell["label"].to_numpy().reshape(shape)[0, 0]
        predicted = cell["prediction"].to_numpy().reshape(shape)
        yield Cell(transfer, network, known, seeds, labels, predicted, headline)


def headline(table: pd.DataFrame | pd.Series) -> str:
    """The measure that a table of ``table``, or a row of it, has intervals of."""
    return next(name for name in headlines.HEADLINES if f"{name}_low" in table)


def table(
    metrics: pd.DataFrame, predictions: pd.DataFrame, headline: str = "accuracy"
) -> pd.DataFrame:
    """One line a transfer, network and row: means, with 95 % intervals over seeds x samples.

    The headline's columns go by its name; its interval lies in 0 to 1. Where a target's
    commonest class is more than twice as common as its rarest, or the headline is not accuracy,
    the means of the other measures and of the area under the ROC curve stand beside it.

    The gap recovered is nan where there is none, see ``statistics.gap_recovered``.
    ``below_source_only`` says of a distilled row, and of one of few labels, that it is worse,
    in the mean, than the student of the source's labels.
    """
    lines, beside = [], headline != "accuracy"
    for cell in cells(predictions, headline):
        counts = np.unique(cell.labels, return_counts=True)[1]
        beside |= counts.max() > 2 * counts.min()
        resampled = cell.resampled()
        ends = [cell.place(method=name) for name in ("source-only", "oracle")]
        baseline = resampled.means[ends[0]].mean() - 1e-12  # equal but for rounding is not below
        for at, place in enumerate(cell.rows["rank"]):
            found = headlines.of_one(statistics.bca(resampled, statistics.itself, at))
            gap = statistics.gap_recovered(resampled, at, *ends)
            lines.append(
                {
                    **cell.identity(at),
                    "seeds": len(cell.seeds),
                    headline: found.value,
                    f"{headline}_low": found.low,
                    f"{headline}_high": found.high,
                    "gap_recovered": gap.value,
                    "gap_recovered_low": gap.low,
                    "gap_recovered_high": gap.high,
                    "below_source_only": place in (DISTILLED, LABELLED) and found.value < baseline,
                }
            )
    found = pd.DataFrame(lines)
    sizes = metrics.drop_duplicates(ROW)[[*ROW, "parameters"]]
    found = found.merge(sizes, on=ROW, how="left", validate="one_to_one")
    found.insert(found.columns.get_loc("seeds"), "parameters", found.pop("parameters"))
    for name in (*headlines.HEADLINES, *headlines.BESIDE) if beside else ():
        if name != headline:
            means = rows(metrics, name).groupby(ROW, dropna=False)["value"].mean().rename(name)
            found = found.merge(means.reset_index(), on=ROW, how="left", validate="one_to_one")
    return found
