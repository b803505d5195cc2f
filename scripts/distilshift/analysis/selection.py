"""Choosing among networks by a score, never a collapsed one if another can be had."""

import pandas as pd


def eligible(candidates: pd.DataFrame) -> pd.DataFrame:
    """The candidates that have not ``collapsed``; all, if every one has."""
    sound = candidates[~candidates["collapsed"].astype(bool)]
    return candidates if sound.empty else sound


def best(candidates: pd.DataFrame) -> pd.Series:
    """The candidate of the highest ``value``, the first of several."""
    return candidates.loc[candidates["value"].idxmax()]


def choose(candidates: pd.DataFrame, requirement: float | None) -> tuple[pd.Series, str]:
    """One round of a student, and why.

    Args:
        candidates: a row a round: round, value, collapsed; the index tells them apart.
        requirement: the value that is asked for; the best round, if none.

    Returns:
        The first round that meets the requirement, else the best, and the reason in words.
    """
    candidates = candidates.sort_values("round")
    left = eligible(candidates)
    if requirement is None:
        row, reason = best(left), f"no requirement, the best of {len(left)}"
    elif (left["value"] >= requirement).any():
        row = left[left["value"] >= requirement].iloc[0]
        reason = f"the first to reach {requirement:g}"
    else:
        row, reason = best(left), f"none reaches {requirement:g}, the best of {len(left)}"
    if row["collapsed"]:
        reason += "; every round has collapsed"
    elif len(left) < len(candidates):
        dropped = candidates.loc[candidates["collapsed"].astype(bool), "round"]
        reason += f"; collapsed and left out: {', '.join(map(str, dropped))}"
    return row, reason


def settings(students: pd.DataFrame, families: dict[str, dict[str, str]]) -> pd.DataFrame:
    """The points of sweeps over settings, and which of them is chosen.

    Args:
        students: a row a student, of one round each: transfer, source, target, network,
            adaptation, method, seed, criterion, value, collapsed.
        families: for each of network, adaptation and method, the sweep that a name is a point
            of; others are no points.

    Returns:
        A row a point: its names and those of its sweep (``sweep of network`` and so on), how
        many seeds it has and how many of its students ``collapsed``, the mean ``value`` of the
        criterion over the seeds, and whether it is ``chosen``: the largest mean among the points
        with the fewest collapsed, the first of several.
    """
    where = ["transfer", "source", "target"]
    swept = students.copy()
    for key, of in families.items():
        swept[f"sweep of {key}"] = swept[key].map(lambda name, of=of: of.get(name, name))
    is_point = pd.concat([swept[key].isin(list(of)) for key, of in families.items()], axis=1)
    swept = swept[is_point.any(axis=1)]
    sweeps = [f"sweep of {key}" for key in families]
    by = [*where, *sweeps, *families, "criterion"]
    points = swept.groupby(by, sort=False, dropna=False, as_index=False).agg(
        seeds=("seed", "nunique"), collapsed=("collapsed", "sum"), value=("value", "mean")
    )
    points["chosen"] = False
    for _, each in points.groupby([*where, *sweeps], sort=False, dropna=False):
        fewest = each[each["collapsed"] == each["collapsed"].min()]
        points.loc[fewest["value"].idxmax(), "chosen"] = True
    return points
