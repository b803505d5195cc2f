"""Rounds: a student's own soft labels, which keep a share of those it learned from."""

from distilshift.analysis.metrics import log_softmax

import numpy as np


def remember(previous: np.ndarray, fresh: np.ndarray, memory: float) -> np.ndarray:
    """log(m softmax(previous) + (1 - m) softmax(fresh)), logits (N, C) of the next round.

    Softmax gives the mixed probabilities back. With a constant m, labels of k rounds ago
    count m^(k - 1) (1 - m): an exponential mean over rounds, as over epochs in Laine, Aila,
    "Temporal Ensembling for Semi-Supervised Learning", arXiv:1610.02242, section 2.2.

    Args:
        memory: m, from 0 (forget) to 1 (learn nothing new).
    """
    with np.errstate(divide="ignore"):  # log 0 is a share that does not count
        kept, new = np.log(memory), np.log(1 - memory)
    return np.logaddexp(kept + log_softmax(previous), new + log_softmax(fresh))
