"""What students take over, against values made by hand."""

from distilshift.analysis import findings, listings, transferred
from distilshift.analysis.transferred import Row

import numpy as np
import pandas as pd
import pytest
from scipy import stats

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
RIGHT = LABELS.copy()
ONE = np.array([1, 2, 0, 0, 1, 1, 1, 1, 2, 2])  # 8 of 10
OTHER = np.array([1, 1, 2, 0, 1, 1, 1, 1, 2, 2])  # 7 of 10, one error the same


def test_agreement_is_held_against_that_of_independent_errors():
    # alike on 8 of 10 rows; by chance 0.8 * 0.7 + 0.2 * 0.3 / 2
    found = transferred.excess_agreement(ONE, OTHER, LABELS, 3)
    assert found == pytest.approx(0.8 - (0.56 + 0.03))


def test_independent_errors_agree_by_chance_alone():
    rng = np.random.default_rng(0)
    labels = rng.integers(5, size=200_000)

    def guess(share):
        wrong = (labels + rng.integers(1, 5, len(labels))) % 5
        return np.where(rng.random(len(labels)) < share, labels, wrong)

    one, other = guess(0.9), guess(0.6)
    assert transferred.excess_agreement(one, other, labels, 5) == pytest.approx(0, abs=0.005)
    assert transferred.error_consistency(one, other, labels) == pytest.approx(0, abs=0.01)
    assert transferred.same_wrong(one, other, labels, 5) == pytest.approx(1 / 4, abs=0.01)


def test_error_consistency_is_kappa_of_being_right():
    # both right on 7, both wrong on 2: 0.9; expected 0.8 * 0.7 + 0.2 * 0.3 = 0.62
    found = transferred.error_consistency(ONE, OTHER, LABELS)
    assert found == pytest.approx((0.9 - 0.62) / 0.38)
    assert transferred.error_consistency(ONE, ONE, LABELS) == pytest.approx(1)
    swapped = np.array([0, 0, 1, 2, 1, 1, 1, 1, 2, 2])  # wrong on other two of the ten
    assert transferred.error_consistency(ONE, swapped, LABELS) == pytest.approx((0.6 - 0.68) / 0.32)


def test_an_error_is_shared_where_row_and_class_are():
    # three rows are wrong in either, two in both, one as the same class
    assert transferred.errors_shared(ONE, OTHER, LABELS) == pytest.approx(1 / 3)
    assert transferred.same_wrong(ONE, OTHER, LABELS, 3) == pytest.approx(1 / 2)


def test_without_errors_nothing_is_said_of_them():
    assert transferred.excess_agreement(RIGHT, RIGHT, LABELS, 3) == 0
    for function in (transferred.error_consistency, transferred.errors_shared):
        assert np.isnan(function(RIGHT, RIGHT, LABELS))
    assert np.isnan(transferred.same_wrong(RIGHT, OTHER, LABELS, 3))
    assert transferred.errors_shared(RIGHT, OTHER, LABELS) == 0
    assert transferred.error_consistency(RIGHT, OTHER, LABELS) == pytest.approx(0)


def test_all_wrong_is_no_consistency_of_errors():
    wrong = (LABELS + 1) % 3
    assert np.isnan(transferred.error_consistency(wrong, wrong, LABELS))
    assert transferred.errors_shared(wrong, wrong, LABELS) == 1


def test_of_two_classes_there_is_one_wrong_class():
    labels = np.array([0, 0, 1, 1])
    one, other = np.array([1, 0, 1, 1]), np.array([1, 1, 1, 1])
    assert np.isnan(transferred.same_wrong(one, other, labels, 2))
    assert transferred.errors_shared(one, other, labels) == pytest.approx(1 / 2)
    # alike on 3 of 4; by chance 0.75 * 0.5 + 0.25 * 0.5
    assert transferred.excess_agreement(one, other, labels, 2) == pytest.approx(0.75 - 0.5)


def test_ranks_are_correlated_row_by_row():
    one = np.array([[1.0, 2.0, 3.0, 9.0], [4.0, 3.0, 2.0, 2.0]])
    other = np.array([[10.0, 20.0, 30.0, 31.0], [0.0, 1.0, 2.0, 2.0]])
    assert transferred.rank_correlation(one, other) == pytest.approx((1 - 1) / 2)
    rng = np.random.default_rng(0)
    one, other = rng.integers(6, size=(2, 5, 40)).astype(float)
    expected = np.mean([stats.spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)])
    assert transferred.rank_correlation(one, other) == pytest.approx(expected)


def test_a_map_that_is_constant_counts_not():
    one = np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])
    assert transferred.rank_correlation(one, one) == pytest.approx(1)
    assert np.isnan(transferred.rank_correlation(one[1:], one[1:]))


def test_changes_are_correlated_over_rows_and_classes():
    one = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert transferred.change_correlation(one, 3 * one) == pytest.approx(1)
    assert transferred.change_correlation(one, one[::-1]) == pytest.approx(-1)
    assert transferred.change_correlation(one, np.array([[1.0, -1.0], [0, 0]])) == pytest.approx(
        1 / np.sqrt(2)
    )
    assert np.isnan(transferred.change_correlation(one, 0 * one))


def test_what_is_added_to_every_logit_is_no_change():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 6, 3))
    found = transferred.change_correlation(one, other)
    shift = rng.integers(9, size=(6, 1))
    assert transferred.change_correlation(one + shift, other) == pytest.approx(found)
    assert np.isnan(transferred.change_correlation(one, shift + 0 * one))


def test_cka_knows_no_rotation_scale_or_offset():
    rng = np.random.default_rng(0)
    one = rng.normal(size=(30, 4))
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert transferred.cka(one, 5 * one @ turn + 3) == pytest.approx(1)
    assert transferred.cka(one, one[:, :1]) < 0.9
    assert np.isnan(transferred.cka(one, np.ones((30, 2))))


def test_cka_by_hand():
    one, other = np.array([[1.0], [-1], [0], [0]]), np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    # |Y'X|^2 = 4; |X'X| = 2, |Y'Y| = sqrt(8)
    assert transferred.cka(one, other) == pytest.approx(4 / (2 * np.sqrt(8)))


def test_an_attack_is_handed_on_where_another_was_right_before_it():
    before = np.array([True, True, True, False, True])
    after = np.array([False, True, False, False, False])
    fooled = np.array([True, True, True, True, False])
    assert transferred.transfer_rate(before, after, fooled) == pytest.approx(2 / 3)
    assert np.isnan(transferred.transfer_rate(before, after, np.zeros(5, bool)))


def test_partners_are_other_rows_of_the_class():
    labels = np.array([0, 1, 0, 1, 0, 2, 1, 0])
    found = transferred.partners(labels, "a")
    assert found[5] == -1
    rest = np.delete(np.arange(8), 5)
    assert (found[rest] != rest).all() and (labels[found[rest]] == labels[rest]).all()
    assert sorted(found[rest]) == rest.tolist()
    many = np.zeros(50, int)
    assert (transferred.partners(many, "a") == transferred.partners(many, "a")).all()
    assert (transferred.partners(many, "a") != transferred.partners(many, "b")).any()


STUDENTS = {
    Row("source-only", None, 0): 0.4,
    Row("kd", "none", 1): 0.7,
    Row("dist", "shot", 1): 0.88,
    Row("kd", "shot", 1): 0.9,
    Row("oracle", None, 0): 0.94,
}


def test_the_control_is_the_nearest_student_of_another_teaching():
    best = Row("kd", "shot", 1)
    assert transferred.control_of(best, STUDENTS, 5) == Row("oracle", None, 0)
    assert transferred.control_of(Row("kd", "none", 1), STUDENTS, 5) == Row("dist", "shot", 1)
    # of one seed, all that was distilled began from one source teacher
    assert transferred.control_of(Row("kd", "none", 1), STUDENTS, 1) == Row("oracle", None, 0)
    alone = {best: 0.9, Row("kd", "shot", 2): 0.9}
    assert transferred.control_of(best, alone, 5) is None
    few = Row("oracle-5", None, 0)  # no student of another adaptation: it has none
    assert transferred.control_of(best, {best: 0.9, few: 0.8}, 1) == few
    tied = {best: 0.9, Row("source-only", None, 0): 0.5, Row("oracle", None, 0): 0.5}
    assert transferred.control_of(best, tied, 5) == Row("source-only", None, 0)


def test_pairs_of_a_seed():
    labelled, distilled = Row("oracle", None, 0), Row("kd", "none", 1)
    ours = [("teacher", "student", 1, 1)]
    ours += [("other teacher", "student", 1, 0), ("other teacher", "student", 1, 2)]
    of_labels = [("control", "control", 1, 1)]
    of_others = [("control", "control", 0, 1), ("control", "control", 2, 1)]
    assert list(transferred.pairs(1, [0, 1, 2], labelled)) == ours + of_labels
    assert list(transferred.pairs(1, [0, 1, 2], Row("oracle-5", None, 0))) == ours + of_labels
    assert list(transferred.pairs(1, [0, 1, 2], distilled)) == ours + of_others
    assert list(transferred.pairs(1, [0, 1, 2], None)) == ours
    assert list(transferred.pairs(1, [1], labelled)) == ours[:1] + of_labels


def test_measures_of_probes_have_nulls_and_leave_out_what_was_not_asked():
    rng = np.random.default_rng(0)
    features, maps = rng.normal(size=(6, 4)), rng.normal(size=(6, 2, 2))
    changes = {1.0: rng.normal(size=(6, 3))}
    partners = transferred.partners(np.array([0, 0, 0, 1, 1, 2]), "a")
    whole = transferred.Probe(features, maps, changes)
    found = transferred.of_probes(whole, whole, partners)
    for name in ("cka", "gradients", "change_1"):
        assert found.pop(name) == pytest.approx(1)
        assert found.pop(f"{name}_null") < 0.9
    assert not found
    frozen = transferred.Probe(features, None, {})
    assert set(transferred.of_probes(whole, frozen, partners)) == {"cka", "cka_null"}
    alone = transferred.of_probes(whole, whole, np.full(6, -1))
    assert alone["cka"] == pytest.approx(1) and np.isnan(alone["cka_null"])


def test_an_interval_is_students_over_seeds():
    value, low, high = transferred.interval(np.array([1.0, np.nan, 2.0, 3.0]))
    assert (value, high - value) == pytest.approx((2, 4.302653 / np.sqrt(3)), rel=1e-5)
    assert value - low == pytest.approx(high - value)
    assert transferred.interval(np.array([0.5]))[0] == 0.5
    assert np.isnan(transferred.interval(np.array([0.5]))[1:]).all()
    assert np.isnan(transferred.interval(np.array([np.nan]))).all()


def measured(values: dict[str, list[float]], measure: str = "cka") -> pd.DataFrame:
    known = ["a-to-b", "cnn", "kd", "none", 1, "kd (none)", "oracle"]
    known = dict(zip(transferred.KEYS, known, strict=True))
    return pd.DataFrame(
        {**known, "seed": seed, "against": against, "measure": measure, "value": value}
        for against, of in values.items()
        for seed, value in enumerate(of)
    )


def test_differences_are_taken_seed_by_seed():
    values = {"teacher": [0.9, 0.5], "other teacher": [0.7, 0.3], "control": [0.6, 0.4]}
    found = transferred.table(measured(values)).set_index("against")
    assert list(found.index) == [*transferred.AGAINST, *transferred.OVER]
    assert found["value"].tolist() == pytest.approx([0.7, 0.5, 0.5, 0.2, 0.2])
    # the same in both seeds: no spread, though teacher and other teacher both have one
    assert found.loc["over other teacher", ["low", "high"]].tolist() == pytest.approx([0.2, 0.2])
    assert found.loc["over control", "low"] < 0 < found.loc["over control", "high"]
    assert (found["seeds"] == 2).all()


def test_nulls_and_accuracies_have_no_differences():
    values = {"teacher": [0.9, 0.5], "control": [0.6, 0.4]}
    for name in ("cka_null", "accuracy"):
        assert list(transferred.table(measured(values, name))["against"]) == ["teacher", "control"]


def test_one_seed_has_values_and_no_ends():
    found = transferred.table(measured({"teacher": [0.9], "control": [np.nan]}))
    assert found["value"].tolist()[0] == 0.9 and found["low"].isna().all()
    assert found["seeds"].tolist() == [1, 0, 0]


def test_a_cell_without_a_teacher_that_is_a_network_has_no_lines():
    nothing = pd.DataFrame(columns=[*transferred.KEYS, "seed", "against", "measure", "value"])
    assert transferred.table(nothing).empty


def shown() -> dict[str, pd.DataFrame]:
    """A published table: CKA 0.2 above other teachers in both seeds, above controls not surely."""
    values = {"teacher": [0.9, 0.5], "other teacher": [0.7, 0.3], "control": [0.6, 0.4]}
    accuracies = {"student": [0.8, 0.9], "teacher": [0.7, 0.7], "control": [0.8, 0.8]}
    nulls = {"teacher": [0.1, 0.3]}
    parts = (values, "cka"), (accuracies, "accuracy"), (nulls, "cka_null")
    found = pd.concat([measured(*part) for part in parts])
    return {"transferred": transferred.table(found.assign(adaptation="posed-joint"))}


def test_what_lies_above_is_bold_where_its_interval_excludes_nothing():
    found = listings.above(shown(), "other teacher")
    assert found.head == ["transfer, network: row", "student, teacher %", *listings.SHARED.values()]
    name = "a → b, cnn: kd (none)"
    assert found.lines == [[name, "85.0, 70.0", "", "", "", "", "", "**0.20 [0.20, 0.20]**"]]
    ((name, accuracies, *cells),) = listings.above(shown(), "control").lines
    assert accuracies == "85.0, 80.0 (oracle)"
    assert cells[-1].startswith("0.20 [−") and "*" not in cells[-1]


def test_the_null_stands_below_those_that_a_student_is_held_against():
    *values, null = listings.of_the_best(shown()).lines
    assert [line[1] for line in values] == list(transferred.AGAINST)
    assert [line[-1].split()[0] for line in values] == ["0.70", "0.50", "0.50"]
    assert null == ["", "null of teacher", "", "", "", "", "", "0.20"]


def test_sentences_count_what_excludes_nothing():
    found = findings.numbers(shown(), {})
    assert found["transferred/rows"] == found["transferred/cka-above-teachers"] == "one"
    assert found["transferred/cka-above-control"] == "zero"
    assert found["transferred/cka-above-teachers-most"] == "0.20"
    key = "transferred/a-to-b/cnn/kd (none)"
    assert found[f"{key}/over other teacher/cka-interval"] == "0.20 [0.20, 0.20]"
    assert found[f"{key}/student/accuracy"] == "85.0"


def test_sentences_count_nothing_below_as_above():
    (name, table) = next(iter(shown().items()))
    turned = table.assign(value=-table["value"], low=-table["high"], high=-table["low"])
    found = findings.numbers({name: turned}, {})
    assert found["transferred/cka-above-teachers"] == "zero"
