"""Minimum class confusion."""

from distilshift.learning.adaptation import Task, on_logits
from distilshift.learning.training import LossFn

import torch
import torch.nn.functional as F
from torch import Tensor


def minimum_class_confusion(logits: Tensor, temperature: float = 2.5) -> Tensor:
    r"""How much classes are confused within a batch: the mean off-diagonal confusion.

    P = softmax(logits / T); W_i = N (1 + exp(-H(p_i))) / sum_k (1 + exp(-H(p_k)));
    K = P^T diag(W) P, each row divided by its sum; the loss is (sum K - trace K) / C.
    The weights W carry no gradient.

    Source: Jin et al., "Minimum Class Confusion for Versatile Domain Adaptation",
    arXiv:1912.03699, equations 2 to 6.
    """
    log_p = F.log_softmax(logits / temperature, dim=1)
    p = log_p.exp()
    certainty = 1 + torch.exp((p * log_p).sum(1)).detach()
    weight = len(p) * certainty / certainty.sum()
    confusion = (p * weight[:, None]).T @ p
    # a class that no sample may be of, to the last digit, is confused with none
    confusion = confusion / confusion.sum(1, keepdim=True).clamp_min(torch.finfo(p.dtype).tiny)
    return (confusion.sum() - confusion.trace()) / len(confusion)


def mcc(task: Task) -> LossFn:
    """Source cross-entropy + weight * the confusion of the target's classes."""
    temperature = task.options["temperature"]
    return on_logits(lambda logits: minimum_class_confusion(logits, temperature))(task)
