"""Batch nuclear-norm maximisation."""

from distilshift.learning.adaptation import on_logits

import torch
import torch.nn.functional as F
from torch import Tensor


def batch_nuclear_norm(logits: Tensor) -> Tensor:
    """-||softmax(logits)||_* / N: large when predictions are both sure and diverse.

    Source: Cui et al., "Towards Discriminability and Diversity: Batch Nuclear-norm
    Maximization under Label Insufficient Situations", arXiv:2003.12237, equation 11.
    """
    return -torch.linalg.matrix_norm(F.softmax(logits, dim=1), "nuc") / len(logits)


bnm = on_logits(batch_nuclear_norm)
