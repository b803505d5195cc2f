"""Several teachers as one: weighted means of their probabilities, sample by sample.

To add a combination write ``weights(log_p) -> (M, n)`` and name it in ``COMBINATIONS``:
``log_p`` (M, n, C) holds the log-probabilities of M members on n samples, and what comes
out need not sum to 1. No torch here: caches are joined without it.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import log_softmax


def alike(log_p: np.ndarray) -> np.ndarray:
    """Every member counts the same."""
    return np.ones(log_p.shape[:2])


def certainty(log_p: np.ndarray) -> np.ndarray:
    """exp(-H(p)) of each member on each sample: 1 if it is sure, 1/C if it knows nothing."""
    return np.exp((np.exp(log_p) * log_p).sum(-1))


def agreement(log_p: np.ndarray) -> np.ndarray:
    """How many members, itself among them, name the class that a member names.

    Two of three that agree count 2/5 each, the third 1/5. Where all agree, and where no
    two do, this is the plain mean, which is sharp in the one case and flat in the other.
    """
    named = log_p.argmax(-1)
    return (named[:, None] == named[None]).sum(0).astype(np.float64)


COMBINATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": alike,
    "entropy": certainty,
    "agreement": agreement,
}


def combine(logits: np.ndarray, combination: str) -> np.ndarray:
    """log(sum_m w_m p_m / sum_m w_m) of members' logits (M, n, C): (n, C)."""
    log_p = np.stack([log_softmax(member.astype(np.float64), axis=1) for member in logits])
    weights = COMBINATIONS[combination](log_p)
    shares = np.log(weights / weights.sum(0))
    return np.logaddexp.reduce(log_p + shares[..., None], axis=0)
