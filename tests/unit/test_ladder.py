"""The ladder's means, gap recovered and order, against numbers made by hand."""

from distilshift.analysis import comparisons, ladder
from distilshift.errors import InputError

import numpy as np
import pandas as pd
import pytest

SAMPLES = 20


def measured(rows: dict[tuple, list[float]], network="cnn") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Metrics and predictions of (method, adaptation, round): accuracy on the target, by seed."""
    metrics, predictions = [], []
    for (method, adaptation, round_), accuracies in rows.items():
        for seed, accuracy in enumerate(accuracies):
            known = {
                "transfer": "a-to-b",
                "network": network,
                "method": method,
                "adaptation": adaptation,
                "round": round_,
                "seed": seed,
                "domain": "target",
            }
            metrics.append({**known, "metric": "accuracy", "value": accuracy, "parameters": 10})
            right = np.arange(SAMPLES) < round(accuracy * SAMPLES)
            samples = {"sample_id": np.arange(SAMPLES), "label": 1, "prediction": right.astype(int)}
            predictions.append(pd.DataFrame({**known, "split": "test", **samples}))
    return pd.DataFrame(metrics), pd.concat(predictions, ignore_index=True)


LADDER = {
    ("oracle", None, 0): [0.8, 1.0],
    ("kd", "none", 1): [0.35, 0.2],
    ("kd", "adabn", 1): [0.5, 0.8],
    ("kd", "shot", 1): [0.6, 0.9],
    ("source-only", None, 0): [0.4, 0.2],
    ("teacher", "none", 0): [0.3, 0.5],
}


@pytest.fixture
def cell():
    return next(ladder.cells(measured(LADDER)[1]))


def test_rows_stand_from_the_teacher_up_to_the_oracle(cell):
    expected = ["teacher (none)", "source-only", "kd (none)", "kd (adabn)", "kd (shot)", "oracle"]
    metrics, predictions = measured(LADDER)
    assert list(ladder.table(metrics, predictions)["row"]) == expected
    assert list(cell.rows["row"]) == expected
    assert ladder.order(ladder.rows(metrics)) == expected


def test_rows_of_few_labels_are_marked_and_no_students():
    few = {("oracle-5", None, 0): [0.7, 0.8], ("kd+1", "none", 1): [0.1, 0.2]}
    metrics, predictions = measured(LADDER | few)
    found = ladder.table(metrics, predictions).set_index("row")
    marked = ["oracle, 5 labels a class", "kd (none), 1 label a class"]
    assert sorted(found.index[-3:-1]) == sorted(marked) and found.index[-1] == "oracle"
    assert found.loc[marked[0], "gap_recovered"] == pytest.approx((0.75 - 0.3) / 0.6)
    # 0.15 and 0.75 for 0.3 of source-only: what its gap says too
    below = found["below_source_only"]
    assert list(below[below].index) == ["kd (none)", marked[1]]
    assert found.loc[marked[1], "gap_recovered"] < 0
    cell = next(ladder.cells(predictions))
    students = [cell.rows["method"][at] for at in cell.distilled()]
    assert students == ["kd", "kd", "kd"]
    assert list(ladder.is_distilled(cell.rows["method"])) == [
        m == "kd" for m in cell.rows["method"]
    ]
    assert ladder.rank("a+b") == ladder.rank("mine-5") == ladder.DISTILLED


def test_the_gap_is_the_ratio_of_means_and_nothing_between_ends_that_are_not_told_apart():
    found = ladder.table(*measured(LADDER)).set_index("row")
    # (0.65 - 0.3) / (0.9 - 0.3)
    assert found.loc["kd (adabn)", "gap_recovered"] == pytest.approx(0.35 / 0.6)
    assert found.loc["source-only", "gap_recovered"] == 0
    assert found.loc["oracle", "gap_recovered"] == 1
    close = LADDER | {("oracle", None, 0): [0.45, 0.2]}
    assert ladder.table(*measured(close))["gap_recovered"].isna().all()
    below = LADDER | {("oracle", None, 0): [0.1, 0.05]}
    assert ladder.table(*measured(below))["gap_recovered"].isna().all()


def test_table_and_metrics_say_the_same():
    metrics, predictions = measured(LADDER)
    means = ladder.rows(metrics).groupby("row")["value"].mean()
    found = ladder.table(metrics, predictions).set_index("row").loc[means.index]
    assert found["accuracy"].to_numpy() == pytest.approx(means.to_numpy())


def test_a_distilled_row_below_its_source_only_row_is_flagged():
    found = ladder.table(*measured(LADDER)).set_index("row")["below_source_only"]
    assert list(found[found].index) == ["kd (none)"]


def test_the_same_accuracies_in_another_order_are_not_below():
    rows = {("source-only", None, 0): [0.85, 0.65, 0.95], ("oracle", None, 0): [1.0, 1.0, 1.0]}
    rows[("kd", "none", 1)] = [0.85, 0.95, 0.65]
    found = ladder.table(*measured(rows)).set_index("row")
    assert found.loc["kd (none)", "accuracy"] < found.loc["source-only", "accuracy"]  # by 1e-16
    assert not found["below_source_only"].any()


def test_a_gap_of_nothing_is_no_number():
    same = {("oracle", None, 0): [0.5], ("source-only", None, 0): [0.5], ("kd", "none", 1): [0.6]}
    assert ladder.table(*measured(same))["gap_recovered"].isna().all()


def test_rounds_are_named_only_where_there_are_several():
    assert ladder.label("kd", "im") == "kd (im)"
    assert ladder.label("kd", "im", 2, 3) == "kd (im), round 2"


def test_a_cell_holds_each_seeds_predictions_whatever_the_order_of_lines(cell):
    accuracy = dict(zip(cell.rows["row"], cell.correct.mean(2).tolist(), strict=True))
    assert accuracy["kd (adabn)"] == [0.5, 0.8]
    shuffled = measured(LADDER)[1].sample(frac=1, random_state=0)
    again = next(ladder.cells(shuffled))
    places = [again.place(row=name) for name in cell.rows["row"]]
    assert np.array_equal(again.correct[places], cell.correct)


def test_rows_of_other_seeds_or_samples_are_refused():
    _, predictions = measured(LADDER)
    alone = (predictions["method"] == "kd") & (predictions["seed"] == 1)
    for kept in (predictions[~alone], predictions.drop(index=3)):
        with pytest.raises(InputError, match="a-to-b, cnn: rows differ in their seeds or samples"):
            list(ladder.cells(kept))


def test_rows_share_a_line_only_where_a_page_does_not_hold_them():
    def lines(adaptations, methods):
        rows = [("source-only", None), ("oracle", None)]
        rows += [("teacher", f"a{a}") for a in range(adaptations)]
        rows += [(f"m{m}", f"a{a}") for a in range(adaptations) for m in range(methods)]
        made = {(m, a, 0 if m in ladder.RANKS else 1): [0.5] for m, a in rows}
        found = ladder.lines(ladder.rows(measured(made)[0]))
        assert set(found) == {ladder.label(*row) for row in rows}
        return found, list(dict.fromkeys(found.values()))

    few, shown = lines(5, 6)
    assert len(shown) == len(few) == 37 and all(row == line for row, line in few.items())
    many, shown = lines(14, 6)
    assert len(many) == 100 and len(shown) == 2 + 14 + 14
    assert many["m3 (a2)"] == "students (a2), 6 rows"
    assert many["teacher (a2)"] == "teacher (a2)" and shown[-1] == "oracle"
    most, shown = lines(45, 2)
    assert shown == ["teacher, 45 rows", "source-only", "m0, 45 rows", "m1, 45 rows", "oracle"]
    assert most["m1 (a44)"] == "m1, 45 rows"


def test_a_row_that_is_alone_on_a_line_keeps_its_name():
    """By it figures know a row, of which they draw seeds and interval."""
    rows = [("source-only", None), ("oracle", None), *(("teacher", f"a{a}") for a in range(18))]
    rows += [("m0", f"a{a}") for a in range(18)] + [(f"m{m}", "a0") for m in range(1, 10)]
    made = {(m, a, 0 if m in ladder.RANKS else 1): [0.5] for m, a in rows}
    found = ladder.lines(ladder.rows(measured(made)[0]))
    assert found["m0 (a0)"] == found["m9 (a0)"] == "students (a0), 10 rows"
    assert found["m0 (a1)"] == "m0 (a1)" and found["teacher (a1)"] == "teacher (a1)"


# ---- comparisons ----------------------------------------------------------------------


def test_each_distilled_row_meets_three_others(cell):
    found = comparisons.compare([cell])
    assert list(found["against"]).count("source-only") == 3
    assert list(found["against"]).count("oracle") == 3
    unadapted = found[found["against"] == "unadapted teacher's student"]
    assert list(unadapted["row"]) == ["kd (adabn)", "kd (shot)"]
    assert unadapted["difference"].to_numpy() == pytest.approx([0.65 - 0.275, 0.75 - 0.275])
    assert (found["p_holm"] >= found["p"]).all()
    assert set(found["verdict"]) == {"2 seeds cannot tell"}


def test_holms_families_are_questions(cell):
    alone = comparisons.compare([cell])
    twice = comparisons.compare([cell, cell._replace(network="mlp")])
    assert list(twice["p_holm"][: len(alone)]) == list(alone["p_holm"])


def test_the_steps_sum_to_the_gap(cell):
    found = comparisons.decompose([cell])
    assert list(found["step"]) == ["distillation", "BatchNorm", "adaptation", "labels"]
    assert found["increment"].to_numpy() == pytest.approx([-0.025, 0.375, 0.1, 0.15])
    assert found["increment"].sum() == pytest.approx(0.9 - 0.3)
    assert list(found["to_row"][:-1]) == list(found["from_row"][1:])


def test_steps_that_a_network_lacks_are_left_out_or_joined():
    def steps(*left_out, more=None):
        rows = {key: value for key, value in LADDER.items() if key[1] not in left_out}
        cell = next(ladder.cells(measured(rows | (more or {}))[1]))
        return [step for step, _ in comparisons.steps(cell)][1:]

    assert steps("shot") == ["distillation", "BatchNorm", "labels"]
    assert steps("adabn") == ["distillation", "adaptation", "labels"]
    assert steps("none", "adabn") == ["distillation + adaptation", "labels"]
    most = {("dkd", "shot", 1): [0.6, 0.9], ("dkd", "shot", 2): [0.7, 0.9]}
    assert steps(more=most)[2:] == ["adaptation", "method", "rounds", "labels"]
    assert steps("shot", more=most)[2:] == ["adaptation + method", "rounds", "labels"]
