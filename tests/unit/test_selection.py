import tabulate_selection
from distilshift.analysis import selection

import pandas as pd
import pytest


def rounds(values, collapsed=()):
    table = pd.DataFrame({"round": range(1, len(values) + 1), "value": values})
    return table.assign(collapsed=table["round"].isin(collapsed))


@pytest.mark.parametrize(
    ("values", "collapsed", "requirement", "chosen", "reason"),
    [
        ([0.1, 0.5, 0.9], (), 0.4, 2, "the first to reach 0.4"),
        ([0.1, 0.9, 0.5], (), None, 2, "no requirement, the best of 3"),
        ([0.1, 0.3, 0.2], (), 0.4, 2, "none reaches 0.4, the best of 3"),
        ([0.4, 0.4, 0.2], (), None, 1, "no requirement, the best of 3"),
        ([0.9, 0.5], (1,), 0.4, 2, "the first to reach 0.4; collapsed and left out: 1"),
        ([0.1, 0.9, 0.5], (2,), None, 3, "no requirement, the best of 2; collapsed"),
        ([0.9, 0.1], (1,), 0.4, 2, "none reaches 0.4, the best of 1; collapsed and left out: 1"),
        ([0.1, 0.9], (1, 2), None, 2, "no requirement, the best of 2; every round has collapsed"),
        ([0.1, 0.9], (2,), 0.05, 1, "the first to reach 0.05; collapsed and left out: 2"),
        ([-0.5], (), -0.6, 1, "the first to reach -0.6"),
    ],
)
def test_the_round_and_why(values, collapsed, requirement, chosen, reason):
    candidates = rounds(values, collapsed)
    for order in (candidates, candidates[::-1]):
        row, why = selection.choose(order, requirement)
        assert row["round"] == chosen
        assert why.startswith(reason)


def candidates(values, accuracies, collapsed=(), seed=0, method="kd"):
    return pd.DataFrame(
        {
            "transfer": "a-to-b",
            "network": "cnn",
            "adaptation": [f"a{at}" for at in range(len(values))],
            "method": method,
            "round": [None] if method == "teacher" else [1 + at % 2 for at in range(len(values))],
            "seed": seed,
            "validator": "snd",
            "value": values,
            "accuracy": accuracies,
            "collapsed": [at in collapsed for at in range(len(values))],
        }
    )


def test_the_table_of_picks():
    found = tabulate_selection.table(
        pd.concat(
            [
                candidates([3, 2, 1], [0.9, 0.8, 0.1]),  # ranked as they are, the best is picked
                candidates([3, 2, 1], [0.1, 0.7, 0.5], collapsed=[0], seed=1),
                candidates([1.0], [0.99], method="teacher"),
                candidates([9.0], [0.3], method="source-only"),  # no candidate
            ]
        )
    )
    assert list(found["among"]) == ["students", "teachers"]
    students, teachers = found.to_dict("records")
    assert students["accuracy"] == pytest.approx((0.9 + 0.7) / 2)
    assert students["oracle"] == pytest.approx((0.9 + 0.7) / 2)
    assert students["last"] == pytest.approx((0.1 + 0.5) / 2)
    # 1 for the first seed; for the second ranks 3 2 1 against 1 3 2: 1 - 6 * 6 / 24
    assert students["spearman"] == pytest.approx((1 - 0.5) / 2)
    assert (students["alarmed"], students["candidates"], students["seeds"]) == (1, 3, 2)
    assert students["picks"] == "kd (a0) 1; kd (a1), round 2 1"
    assert (teachers["accuracy"], teachers["picks"]) == (0.99, "a0 1")
    assert pd.isna(teachers["spearman"])


def test_picks_are_judged_by_the_headline():
    """They were judged by accuracy, though balanced accuracy was what the experiment is about."""
    found = candidates([3, 2, 1], [0.9, 0.8, 0.1]).assign(balanced_accuracy=[0.5, 0.6, 0.7])
    (line,) = tabulate_selection.table(found, "balanced_accuracy").to_dict("records")
    assert (line["balanced_accuracy"], line["oracle"], line["last"]) == (0.5, 0.7, 0.7)
    assert line["spearman"] == pytest.approx(-1) and "accuracy" not in line


def test_every_validator_stands_beside_the_same_oracle_and_last_row():
    """Those of agreement were of the students alone that one network had taught."""
    whole = candidates([3, 2, 1], [0.5, 0.9, 0.3])
    some = whole.iloc[:1].assign(validator="agreement")
    found = tabulate_selection.table(pd.concat([some, whole])).set_index("validator")
    assert found["oracle"].to_dict() == {"snd": 0.9, "agreement": 0.9}
    assert found.loc["snd", "last"] == 0.3
    # networks come one after the other, each with all of its validators
    found = tabulate_selection.table(pd.concat([whole, some])).set_index("validator")
    assert list(found["last"]) == [0.3, 0.3] and list(found["candidates"]) == [3, 1]
