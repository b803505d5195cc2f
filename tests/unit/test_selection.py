import pandas as pd
import pytest

from distilshift import selection


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
