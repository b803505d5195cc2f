"""The ladder: from the source-only student up to the oracle, and the gap between."""

import numpy as np
import pandas as pd
from scipy import stats

CELL = ["transfer", "network"]
ROW = [*CELL, "method", "adaptation", "round"]


def label(method: str, adaptation: str | None, round_: int = 1, rounds: int = 1) -> str:
    """What a row is called in tables and figures: the method, and the teacher's adaptation."""
    if method == "teacher":
        return f"teacher ({adaptation})"
    if method in ("source-only", "oracle"):
        return method
    return f"{method} ({adaptation})" + (f", round {round_}" if rounds > 1 else "")


def rows(metrics: pd.DataFrame) -> pd.DataFrame:
    """Target-test accuracy a network and seed, with ``row`` (its label) and ``gap``.

    The gap recovered is (student - source-only) / (oracle - source-only) of the same
    seed; 0 is the source-only student, 1 the oracle. Rows come in the ladder's order.
    """
    found = metrics[(metrics["metric"] == "accuracy") & (metrics["domain"] == "target")].copy()
    rounds = found["round"].max()
    found["row"] = [
        label(m, a, r, rounds)
        for m, a, r in zip(found["method"], found["adaptation"], found["round"], strict=True)
    ]
    ends = found.pivot_table(index=[*CELL, "seed"], columns="method", values="value")
    low, high = (
        ends[end].reindex(pd.MultiIndex.from_frame(found[[*CELL, "seed"]])).to_numpy()
        for end in ("source-only", "oracle")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        found["gap"] = np.where(high != low, (found["value"] - low) / (high - low), np.nan)
    # cells as the config lists them; within a cell the yardsticks stand around the students
    cells = found.groupby(CELL, sort=False).ngroup()
    ranks = found["method"].map({"teacher": 0, "source-only": 1, "oracle": 3}).fillna(2)
    return found.assign(cell=cells, rank=ranks).sort_values(["cell", "rank"], kind="stable")


def interval(values: pd.Series, level: float = 0.95) -> tuple[float, float]:
    """Student's t interval of the mean over seeds; (nan, nan) for a single seed."""
    if len(values) < 2:
        return np.nan, np.nan
    error = stats.sem(values)
    if error == 0:
        return values.mean(), values.mean()
    return stats.t.interval(level, len(values) - 1, values.mean(), error)


def table(metrics: pd.DataFrame) -> pd.DataFrame:
    """One line a transfer, network and row: means over seeds with 95 % intervals."""
    lines = []
    for key, group in rows(metrics).groupby([*ROW, "row"], sort=False, dropna=False):
        low, high = interval(group["value"])
        gap_low, gap_high = interval(group["gap"])
        lines.append(
            {
                **dict(zip([*ROW, "row"], key, strict=True)),
                "parameters": group["parameters"].iloc[0],
                "seeds": len(group),
                "accuracy": group["value"].mean(),
                "accuracy_low": low,
                "accuracy_high": high,
                "gap_recovered": group["gap"].mean(),
                "gap_recovered_low": gap_low,
                "gap_recovered_high": gap_high,
            }
        )
    return pd.DataFrame(lines)
