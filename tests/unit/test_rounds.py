from distilshift.analysis.metrics import softmax
from distilshift.learning.rounds import remember

import numpy as np
import pytest

PREVIOUS = np.log([[0.9, 0.1], [0.2, 0.8]]) + 5.0
FRESH = np.log([[0.5, 0.5], [0.6, 0.4]]) - 3.0


def test_probabilities_are_mixed():
    found = softmax(remember(PREVIOUS, FRESH, 0.25))
    expected = [[0.25 * 0.9 + 0.75 * 0.5, 0.25 * 0.1 + 0.75 * 0.5], [0.5, 0.5]]
    assert found == pytest.approx(np.array(expected))


def test_what_is_stored_is_the_log_of_probabilities():
    assert np.exp(remember(PREVIOUS, FRESH, 0.5)).sum(1) == pytest.approx([1, 1])


@pytest.mark.parametrize(("memory", "alone"), [(0, FRESH), (1, PREVIOUS)])
def test_without_or_with_nothing_but_memory(memory, alone):
    found = remember(PREVIOUS, FRESH, memory)
    assert np.isfinite(found).all()
    assert softmax(found) == pytest.approx(softmax(alone))


def test_sure_labels_stay_finite():
    found = remember(np.array([[300.0, -300.0]]), np.array([[300.0, -300.0]]), 0.5)
    assert np.isfinite(found).all()


def test_labels_of_k_rounds_ago_fade_by_the_power_of_the_memory():
    labels, other = PREVIOUS, np.log(np.full((2, 2), 0.5))
    for _ in range(3):
        labels = remember(labels, other, 0.5)
    assert softmax(labels) == pytest.approx(softmax(PREVIOUS) / 8 + 0.5 * 7 / 8)
