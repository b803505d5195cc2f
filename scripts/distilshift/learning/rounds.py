"""Rounds: a student's own soft labels, which keep a share of those it learned from."""

import numpy as np
from scipy.special import log_softmax


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
    before, now = (log_softmax(x.astype(np.float64), axis=1) for x in (previous, fresh))
    return np.logaddexp(kept + before, new + now)
