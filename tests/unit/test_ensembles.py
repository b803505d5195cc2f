from distilshift.learning import ensembles

import numpy as np
import pytest

# three members, two samples, three classes
P = np.array(
    [
        [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1]],
        [[0.5, 0.3, 0.2], [0.2, 0.7, 0.1]],
        [[0.1, 0.6, 0.3], [0.1, 0.1, 0.8]],
    ]
)
# logits are known but for a constant a sample
LOGITS = np.log(P) + np.array([[[3.0], [-50.0]], [[0], [700]], [[1], [2]]])


def combined(combination, logits=LOGITS):
    return np.exp(ensembles.combine(logits, combination))


def test_the_mean_is_that_of_the_probabilities():
    np.testing.assert_allclose(combined("mean"), P.mean(0), rtol=1e-6)


def test_sure_members_weigh_more_by_their_entropy():
    weights = np.exp((P * np.log(P)).sum(-1, keepdims=True))
    expected = (weights * P).sum(0) / weights.sum(0)
    np.testing.assert_allclose(combined("entropy"), expected, rtol=1e-6)
    assert weights[0, 0] > weights[1, 0]


def test_members_that_agree_weigh_as_many_as_they_are():
    found = combined("agreement")
    # of the first sample two name class 0; of the second each names another
    expected = (2 * P[0, 0] + 2 * P[1, 0] + P[2, 0]) / 5
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)
    np.testing.assert_allclose(found[1], P[:, 1].mean(0), rtol=1e-6)
    together = np.stack([LOGITS[0], LOGITS[0] * 2])
    np.testing.assert_allclose(combined("agreement", together), combined("mean", together))


@pytest.mark.parametrize("combination", ensembles.COMBINATIONS)
def test_a_combination_is_a_distribution_and_does_not_see_the_order(combination):
    found = combined(combination)
    np.testing.assert_allclose(found.sum(1), 1)
    np.testing.assert_allclose(combined(combination, LOGITS[::-1]), found, rtol=1e-12)
    same = np.repeat(LOGITS[:1], 3, 0)
    np.testing.assert_allclose(combined(combination, same), P[0], rtol=1e-6)


@pytest.mark.parametrize("combination", ensembles.COMBINATIONS)
def test_very_sure_members_stay_finite(combination):
    logits = np.array([[[500.0, 0, -500]], [[-500, 0, 500.0]]], np.float32)
    found = ensembles.combine(logits, combination)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.exp(found), [[0.5, 0, 0.5]], atol=1e-12)
