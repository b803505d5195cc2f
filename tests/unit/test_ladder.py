"""The ladder's means, intervals and gap recovered, against numbers made by hand."""

import math

import pandas as pd
import pytest

from distilshift import ladder


def metrics(accuracies: dict[tuple[str, str | None], list[float]]) -> pd.DataFrame:
    """Accuracy on the target by (method, adaptation), a value a seed."""
    return pd.DataFrame(
        {
            "transfer": "a-to-b",
            "network": "cnn",
            "method": method,
            "adaptation": adaptation,
            "round": 1,
            "seed": seed,
            "domain": "target",
            "metric": "accuracy",
            "value": value,
            "parameters": 10,
        }
        for (method, adaptation), values in accuracies.items()
        for seed, value in enumerate(values)
    )


LADDER = {
    ("oracle", None): [0.8, 1.0],
    ("kd", "adabn"): [0.5, 0.8],
    ("source-only", None): [0.4, 0.2],
    ("teacher", "none"): [0.3, 0.5],
}


def test_rows_stand_from_the_teacher_up_to_the_oracle():
    found = ladder.table(metrics(LADDER))
    assert list(found["row"]) == ["teacher (none)", "source-only", "kd (adabn)", "oracle"]


def test_the_gap_is_paired_by_seed():
    found = ladder.table(metrics(LADDER)).set_index("row")
    # (0.5 - 0.4) / (0.8 - 0.4) = 1/4 and (0.8 - 0.2) / (1 - 0.2) = 3/4
    assert found.loc["kd (adabn)", "gap_recovered"] == pytest.approx(0.5)
    assert found.loc["source-only", "gap_recovered"] == 0
    assert found.loc["oracle", "gap_recovered"] == 1


def test_the_interval_is_students():
    low, high = ladder.interval(pd.Series([0.5, 0.8]))
    # two seeds: t(0.975, 1) = 12.7062, standard error 0.15
    assert (low, high) == pytest.approx((0.65 - 12.7062 * 0.15, 0.65 + 12.7062 * 0.15), abs=1e-4)


def test_one_seed_has_no_interval():
    assert all(math.isnan(end) for end in ladder.interval(pd.Series([0.5])))


def test_a_gap_of_nothing_is_no_number():
    same = {("oracle", None): [0.5], ("source-only", None): [0.5], ("kd", "none"): [0.6]}
    assert ladder.table(metrics(same))["gap_recovered"].isna().all()


def test_rounds_are_named_only_where_there_are_several():
    assert ladder.label("kd", "im") == "kd (im)"
    assert ladder.label("kd", "im", 2, 3) == "kd (im), round 2"
