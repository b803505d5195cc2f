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
