"""Intervals, tests and ranks against other libraries, published numbers, and by hand."""

from distilshift.analysis import statistics

import numpy as np
import pytest
from scipy import stats


def correct(*accuracies, seeds=3, samples=200, spread=0.0, seed=0):
    """(R, S, N) of zeros and ones, some samples harder, some seeds worse."""
    generator = np.random.default_rng(seed)
    hard = generator.normal(size=samples)
    level = stats.norm.ppf(accuracies)[:, None, None] * np.sqrt(2)
    lucky = generator.normal(size=(len(accuracies), seeds, 1)) * spread
    noise = generator.normal(size=(len(accuracies), seeds, samples))
    return (level + hard + lucky + noise > 0).astype(float)


def interval(values, of=statistics.itself, rows=(0,), name=0, **options):
    return statistics.bca(statistics.resample(values, name, **options), of, *rows)


# ---- the interval ---------------------------------------------------------------------


@pytest.mark.parametrize("accuracy", [0.5, 0.9, 0.98])
def test_one_seed_is_scipys_bca_over_samples(accuracy):
    values = correct(accuracy, seeds=1)
    found = interval(values, draws=20_000)
    rng = np.random.default_rng(1)
    expected = stats.bootstrap(
        (values[0, 0],), np.mean, n_resamples=20_000, method="BCa", rng=rng
    ).confidence_interval
    # bounds of a mean of 200 zeros and ones lie on a grid of 1/200
    assert found[1:] == pytest.approx((expected.low, expected.high), abs=1 / 200 + 1e-9)


def test_samples_that_do_not_differ_leave_scipys_bca_over_seeds():
    values = np.repeat(np.random.default_rng(0).gamma(1, size=(1, 12, 1)), 30, axis=2)
    found = interval(values, draws=20_000)
    rng = np.random.default_rng(1)
    expected = stats.bootstrap(
        (values[0, :, 0],), np.mean, n_resamples=20_000, method="BCa", rng=rng
    ).confidence_interval
    assert found[1:] == pytest.approx((expected.low, expected.high), rel=0.03)


def test_the_value_is_the_mean_and_lies_inside():
    values = correct(0.7, 0.8, spread=0.3)
    found = interval(values, rows=(1,))
    assert found.value == pytest.approx(values[1].mean())
    assert 0 < found.low < found.value < found.high < 1


def test_no_interval_leaves_what_accuracy_can_be():
    values = np.stack([np.arange(200) < right for right in (160, 199, 200)])[None]
    by_seed = values[0].mean(1)
    assert stats.t.interval(0.95, 2, by_seed.mean(), stats.sem(by_seed))[1] > 1
    assert interval(values).high <= 1


def test_it_does_not_depend_on_the_order_of_samples_but_by_chance():
    values = correct(0.8, spread=0.3)
    one = interval(values, draws=8000)
    other = interval(values[:, :, ::-1], draws=8000)
    assert one == pytest.approx(other, abs=0.006)


def test_the_same_names_give_the_same_interval():
    values = correct(0.8, spread=0.3)
    assert interval(values, name="a") == interval(values, name="a")
    assert interval(values, name="a") != interval(values, name="b")


def test_blocks_of_resamples_change_the_memory_alone(monkeypatch):
    values = correct(0.8, 0.7)
    whole = statistics.resample(values, 0, draws=50)
    monkeypatch.setattr(statistics, "BLOCK", 7 * values.shape[2])
    parts = statistics.resample(values, 0, draws=50)
    assert np.array_equal(whole.resampled, parts.resampled)


def test_a_row_less_itself_is_nothing_and_swapping_turns_the_sign():
    values = correct(0.6, 0.8, spread=0.2)
    assert interval(values, np.subtract, (0, 0)) == (0, 0, 0)
    one, other = (interval(values, np.subtract, rows) for rows in ((1, 0), (0, 1)))
    assert one.value == -other.value
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=0.01)


def test_pairs_are_narrower_than_rows_apart():
    # two rows that are right about nearly the same samples
    values = correct(0.7, seeds=3, samples=300)
    twin = values.copy()
    twin[0, :, :10] = 1 - twin[0, :, :10]
    both = np.concatenate([values, twin])
    apart = interval(both)
    paired = interval(both, np.subtract, (0, 1))
    assert paired.high - paired.low < (apart.high - apart.low) / 2


def gap(values, *rows, name=0):
    return statistics.gap_recovered(statistics.resample(values, name), *rows)


def shares(*accuracies, samples=1000):
    """(R, S, N) of rows that are right about the first so many of the samples, seed by seed."""
    of_row = np.array(accuracies).reshape(len(accuracies), -1, 1)
    return (np.arange(samples) < np.round(of_row * samples)).astype(float)


def test_the_gap_is_the_ratio_of_means():
    values = correct(0.3, 0.7, 0.9)
    found = gap(values, 1, 0, 2)
    low, middle, high = values.mean((1, 2))
    assert found.value == pytest.approx((middle - low) / (high - low))
    assert found.low < found.value < found.high
    assert gap(values, 0, 0, 2) == (0, 0, 0)
    assert gap(values, 2, 0, 2) == (1, 1, 1)


def test_a_seed_whose_ends_nearly_meet_does_not_explode():
    student, oracle = [0.928, 0.926, 0.930], [0.918, 0.910, 0.908]
    values = shares(student, [0.872, 0.906, 0.862], oracle)
    assert statistics.share_of_gap(*values.mean(2)).mean() > 2.5  # each seed's own, their mean
    found = gap(values, 0, 1, 2)
    assert found.value == pytest.approx((0.928 - 0.88) / (0.912 - 0.88))
    assert 1 < found.low < found.value < found.high
    # one seed's ends change places: the three do not show that there is a gap
    values = shares(student, [0.8725, 0.9115, 0.856], oracle)
    assert np.isnan(gap(values, 0, 1, 2)).all()


def test_there_is_no_gap_where_the_interval_of_its_ends_holds_0_or_lies_below():
    values = correct(0.5, 0.6, 0.61, 0.2, seeds=3, samples=200, spread=0.2)
    for ends in ((0, 0), (1, 2), (1, 3)):  # equal, not told apart, an oracle that labels harm
        assert interval(values, np.subtract, ends[::-1]).low <= 0
        for student in (0, *ends):
            assert np.isnan(gap(values, student, *ends)).all()


def test_a_resample_that_lost_the_gap_goes_where_the_ratio_goes():
    found = statistics.share_of_gap(
        np.array([0.6, 0.4, 0.5, 0.6, 0.55]),
        np.array([0.5, 0.5, 0.5, 0.5, 0.5]),
        np.array([0.5, 0.4, 0.5, 0.4, 0.6]),
    )
    assert found == pytest.approx([np.inf, -np.inf, 0, np.inf, 0.5])


def test_an_interval_that_lost_gaps_reach_has_an_infinite_end_and_no_nan():
    # 1 of 60 samples makes the gap: it is missing from a third of the resamples
    given = statistics.resample(shares([0.5], [0.4], [0.4 + 1 / 60], samples=60), 0)
    found = statistics.bca(given, statistics.share_of_gap, 0, 1, 2)
    assert found.value == pytest.approx(6)
    assert np.isfinite(found.low) and found.high == np.inf


def test_the_gaps_interval_holds_the_truth_also_where_the_gap_is_small():
    held = []
    for trial in range(100):
        values = correct(0.7, 0.78, 0.82, seeds=5, samples=300, seed=trial)
        found = statistics.gap_recovered(statistics.resample(values, trial, draws=400), 1, 0, 2)
        if not np.isnan(found.value):
            held.append(found.low <= 8 / 12 <= found.high)
    assert len(held) > 90
    assert np.mean(held) > 0.9


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("seeds", [1, 3])
def test_what_is_all_equal_has_no_width(value, seeds):
    assert interval(np.full((1, seeds, 50), value)) == (value, value, value)


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_one_sample_has_the_seeds_for_its_interval(seeds):
    values = np.array([0.0, 1.0, 1.0])[None, :seeds, None]
    found = interval(values)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == ((0, 0) if seeds == 1 else (0, 1))


def test_it_holds_the_truth_about_as_often_as_it_says():
    # seeds that differ little; the truth is the accuracy that the samples were drawn for
    held = 0
    for trial in range(200):
        found = interval(correct(0.8, seeds=5, samples=150, seed=trial), name=trial, draws=400)
        held += found.low <= 0.8 <= found.high
    assert 0.91 <= held / 200 <= 0.99


# ---- the test -------------------------------------------------------------------------


def test_seeds_alone_are_students_t_over_seeds():
    by_seed = np.array([0.1, 0.3, 0.2, -0.1])
    difference = np.repeat(by_seed[:, None], 50, axis=1)
    expected = stats.ttest_1samp(by_seed, 0).pvalue
    assert statistics.paired_test(difference, np.zeros_like(difference)) == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [1, 3])
def test_samples_alone_are_a_test_over_samples(seeds):
    one, other = correct(0.6, 0.65, seeds=1)[:, 0]
    found = statistics.paired_test(np.tile(one, (seeds, 1)), np.tile(other, (seeds, 1)))
    expected = stats.ttest_1samp(one - other, 0).pvalue
    assert found == pytest.approx(expected)


def test_seeds_that_net_the_same_by_chance_are_no_surer_than_the_samples():
    # each seed is right about nine samples more and six fewer, not the same ones
    difference, generator = np.zeros((3, 1000)), np.random.default_rng(0)
    for of_seed in difference:
        drawn = generator.permutation(1000)
        of_seed[drawn[:9]], of_seed[drawn[9:15]] = 1, -1
    found = statistics.paired_test(difference, np.zeros_like(difference))
    of_samples = stats.ttest_1samp(difference.mean(0), 0).pvalue
    assert found == pytest.approx(of_samples, rel=0.1) and found > 0.15


def test_samples_that_net_the_same_by_chance_are_no_certainty_either():
    # means over seeds and over samples are all 1/2: what varies is in the rest alone
    difference = np.tile(np.eye(2), 2)
    assert 0.05 < statistics.paired_test(difference, np.zeros_like(difference)) < 1


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_equals_that_are_seldom_wrong_are_seldom_called_different_and_never_for_sure(seeds):
    found = []
    for trial in range(300):
        one, other = correct(0.98, 0.98, seeds=seeds, samples=100, seed=trial)
        found.append(statistics.paired_test(one, other))
    assert min(found) > 1e-4  # seeds that netted the same gave 0: of two seeds in 7 % of the trials
    assert np.mean(np.array(found) < 0.05) < 0.05


def test_equals_are_seldom_called_different_where_seeds_differ():
    wrong, over_samples = 0, 0
    for trial in range(300):
        one, other = correct(0.8, 0.8, spread=0.5, seed=trial)
        wrong += statistics.paired_test(one, other) < 0.05
        over_samples += stats.ttest_1samp((one - other).mean(0), 0).pvalue < 0.05
    assert wrong / 300 < 0.09
    assert over_samples / 300 > 0.4  # what the test guards against


def test_it_is_symmetric_and_extremes_are_no_error():
    one, other = correct(0.6, 0.8)
    assert statistics.paired_test(one, other) == statistics.paired_test(other, one)
    assert statistics.paired_test(one, one) == 1
    assert statistics.paired_test(np.ones((3, 9)), np.zeros((3, 9))) == 0


def test_one_sample_is_a_t_test_over_seeds_and_one_of_both_tells_nothing():
    by_seed = np.array([[0.1], [0.3], [0.25]])
    expected = stats.ttest_1samp(by_seed[:, 0], 0).pvalue
    assert statistics.paired_test(by_seed, np.zeros((3, 1))) == pytest.approx(expected)
    assert statistics.paired_test(np.ones((1, 1)), np.zeros((1, 1))) == 1


@pytest.mark.parametrize("seeds", [2, 3])
def test_seeds_that_all_differ_alike_tell_nothing_without_samples(seeds):
    alike = np.array([[0.1], [0.3], [0.2]])[:seeds]
    p = statistics.paired_test(alike, alike - 0.02)
    assert np.isnan(p)
    difference = statistics.Interval(0.02, 0.02, 0.02)
    assert statistics.verdict(difference, p, seeds) == f"{seeds} seeds cannot tell"
    assert statistics.paired_test(alike, alike) == 1


def test_rows_that_are_right_about_everything_do_not_differ():
    assert statistics.paired_test(np.ones((3, 50)), np.ones((3, 50))) == 1
    assert interval(np.ones((2, 3, 50)), np.subtract, (0, 1)) == (0, 0, 0)


def test_holm_counts_no_nan():
    found = statistics.holm(np.array([0.02, np.nan, 0.01, 0.03]))
    assert found == pytest.approx([0.04, np.nan, 0.03, 0.04], nan_ok=True)
    assert np.isnan(statistics.holm(np.array([np.nan]))).all()


def test_holm_by_hand():
    # sorted: 0.01 x 3, 0.02 x 2, 0.03 x 1, none below the one before
    assert statistics.holm(np.array([0.02, 0.01, 0.03])) == pytest.approx([0.04, 0.03, 0.04])


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (0.1, 0.3, 0.01, "better"),
        (-0.3, -0.1, 0.01, "worse"),
        (-0.1, 0.3, 0.01, "no difference shown"),
        (0.0, 0.3, 0.01, "no difference shown"),
        (0.1, 0.3, 0.06, "3 seeds cannot tell"),
        (-0.3, -0.1, 0.06, "3 seeds cannot tell"),
        (-0.1, 0.3, 0.06, "no difference shown"),
        (np.nan, np.nan, 0.01, "no difference shown"),
        (0.1, 0.3, np.nan, "3 seeds cannot tell"),
    ],
)
def test_better_needs_both_the_interval_and_the_test(low, high, p, expected):
    assert statistics.verdict(statistics.Interval(0.0, low, high), p, 3) == expected


def test_fewer_than_three_seeds_cannot_tell():
    # of two rows the worse one was "better", because its two seeds happened to agree
    better, agreed = np.zeros((2, 2, 500))
    better[0, :310], better[1, :96] = 1, 1
    agreed[:, :177] = 1
    found = []
    for row in (better, agreed):
        given = statistics.resample(np.stack([row, np.zeros_like(row)]), 0)
        difference = statistics.bca(given, np.subtract, 0, 1)
        p = statistics.paired_test(row, np.zeros_like(row))
        found.append((difference.value, p < 0.05, statistics.verdict(difference, p, 2)))
    assert found[0][0] > found[1][0]
    assert [small for _, small, _ in found] == [False, True]
    assert {verdict for *_, verdict in found} == {"2 seeds cannot tell"}
    assert statistics.verdict(statistics.Interval(0.2, 0.1, 0.3), 0.0, 1) == "1 seed cannot tell"


# ---- ranks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "quantile"), [(3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (10, 3.164)]
)
def test_the_critical_difference_has_demsars_quantiles(rows, quantile):
    # his table 5a
    values = np.random.default_rng(0).random((14, rows))
    expected = quantile * np.sqrt(rows * (rows + 1) / (6 * 14))
    assert statistics.ranks(values).critical_difference == pytest.approx(expected, abs=1e-3)


def test_ranks_by_hand():
    found = statistics.ranks(np.array([[0.9, 0.8, 0.7], [0.5, 0.5, 0.4], [0.3, 0.2, 0.1]]))
    assert found.mean == pytest.approx([3.5 / 3, 5.5 / 3, 3])
    assert 0 < found.p < 0.1
    assert statistics.ranks(np.ones((4, 3))).p == 1
    assert statistics.ranks(np.ones((4, 3))).mean == pytest.approx([2, 2, 2])


def test_ties_share_their_ranks_in_friedmans_test_too():
    # ranks 1.5 1.5 3, 1 2.5 2.5, 1.5 1.5 3: sums 4, 5.5, 8.5; the ties leave (5 / 6) of 3 / 4
    values = np.array([[0.9, 0.9, 0.8], [0.9, 0.5, 0.5], [0.7, 0.7, 0.1]])
    found = statistics.ranks(values)
    assert found.mean == pytest.approx([4 / 3, 5.5 / 3, 8.5 / 3])
    plain = 12 / (3 * 3 * 4) * (4**2 + 5.5**2 + 8.5**2) - 3 * 3 * 4
    ties = 1 - 3 * (2**3 - 2) / (3 * (3**3 - 3))
    assert found.p == pytest.approx(stats.chi2.sf(plain / ties, 2))
    assert statistics.cliques(np.array([1.5, 1.5, 3.0]), 0.5) == []


def test_means_that_are_equal_but_for_rounding_tie():
    one, other = np.mean([0.1, 0.2, 0.3]), np.mean([0.3, 0.2, 0.1])
    assert one != other
    found = statistics.ranks(np.array([[one, other, 0.1], [other, one, 0.1]]))
    assert found.mean == pytest.approx([1.5, 1.5, 3])
    assert found.p == statistics.ranks(np.array([[0.2, 0.2, 0.1]] * 2)).p
    assert statistics.ranks(np.array([[one, other, one]] * 4)).p == 1  # all tie


def test_cliques_are_the_largest_groups_within_reach():
    assert statistics.cliques(np.array([3.0, 1.0, 1.5, 2.2]), 1.0) == [
        (1.0, 1.5),
        (1.5, 2.2),
        (2.2, 3.0),
    ]
    assert statistics.cliques(np.array([1.0, 3.0]), 1.0) == []
