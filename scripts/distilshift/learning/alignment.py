"""Losses that adapt a network to unlabelled target inputs: pure functions of a batch.

None sees a target label. ``logits`` is (N, C), ``features`` (N, D); all return a scalar
in nats or in the units of the paper's formula.
"""

import torch.nn.functional as F
from torch import Tensor


def entropy(logits: Tensor) -> Tensor:
    """Mean entropy of the predictions, -mean_i sum_c p_ic log p_ic."""
    log_p = F.log_softmax(logits, dim=1)
    return -(log_p.exp() * log_p).sum(1).mean()


def information_maximisation(logits: Tensor) -> Tensor:
    """Each prediction sure, all together diverse: mean_i H(p_i) - H(mean_i p_i).

    The second term leans to balanced classes; under label shift it errs.

    Source: Liang, Hu, Feng, "Do We Really Need to Access the Source Data?" (SHOT),
    arXiv:2002.08546, equations 3 and 4.
    """
    mean = F.softmax(logits, dim=1).mean(0)
    return entropy(logits) + (mean * mean.clamp_min(1e-12).log()).sum()


def entropy_to_shares(logits: Tensor, shares: Tensor) -> Tensor:
    """Each prediction sure, all as frequent as told: mean_i H(p_i) + KL(mean_i p_i, shares).

    With even shares it is ``information_maximisation`` + log C.

    Args:
        shares: of the classes (C,), of sum 1; one of 0 counts as a hundredth of an even one.
    """
    mean = F.softmax(logits, dim=1).mean(0)
    apart = mean.clamp_min(1e-12).log() - shares.clamp_min(0.01 / len(shares)).log()
    return entropy(logits) + (mean * apart).sum()
