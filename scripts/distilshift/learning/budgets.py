"""What a black-box teacher shows of its probabilities, simulated from its logits.

A budget is what an interface gives away: all probabilities (``full``), the k largest
(``top5``, ``top1``), or the class alone (``hard``).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

FLOOR = 1e-3  # of the mass, for the classes that a hard label denies: a logarithm needs one


def project(logits: Tensor, budget: str) -> Tensor:
    """The log-probabilities (N, C) of what is known of softmax(logits), T = 1.

    top<k> keeps the k largest probabilities and spreads the rest of the mass evenly over
    the other classes; k of C - 1 or more keeps all. hard gives the largest 1 - ``FLOOR``.

    top1 is the adaptive label smoothing of DINE: Liang et al., "DINE: Domain Adaptation from
    Single and Multiple Black-box Predictors", arXiv:2104.01539.
    """
    log_p = F.log_softmax(logits, dim=1)
    classes = logits.shape[1]
    if budget == "hard":
        known = F.one_hot(logits.argmax(1), classes).bool()
        return torch.where(known, math.log(1 - FLOOR), math.log(FLOOR / (classes - 1))).to(log_p)
    k = classes if budget == "full" else int(budget.removeprefix("top"))
    if k >= classes - 1:
        return log_p
    kept, at = log_p.topk(k, dim=1)
    # the mass of the others, summed rather than subtracted from 1: it may be far below 1e-7
    rest = log_p.scatter(1, at, -torch.inf).logsumexp(1, keepdim=True) - math.log(classes - k)
    return rest.expand_as(log_p).scatter(1, at, kept)
