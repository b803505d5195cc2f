"""Decoupled knowledge distillation."""

from distilshift.learning.losses.kd import divergence

import torch
import torch.nn.functional as F
from torch import Tensor


def dkd(student: Tensor, teacher: Tensor, temperature: float, beta: float = 8.0) -> Tensor:
    """Decoupled distillation: T^2 (KL of target against rest + beta KL within the rest).

    The target class is the teacher's largest logit, as there are no labels. With beta
    equal to 1 - p(target), sample by sample, the sum is ``kd``.

    Source: Zhao et al., "Decoupled Knowledge Distillation", arXiv:2203.08679, equation 7.
    """
    teacher = teacher.detach()
    label = F.one_hot(teacher.argmax(1), teacher.shape[1]).bool()
    log_s, log_t = (F.log_softmax(z / temperature, dim=1) for z in (student, teacher))

    def binary(log_p):
        """log of (target, rest), (N, 2)."""
        rest = log_p.masked_fill(label, -torch.inf).logsumexp(1)
        return torch.stack([log_p[label], rest], 1)

    def within(log_p):
        """log of the other classes, which sum to 1, (N, C - 1)."""
        rest = log_p[~label].view(len(log_p), -1)
        return rest - rest.logsumexp(1, keepdim=True)

    target = divergence(binary(log_s), binary(log_t))
    others = divergence(within(log_s), within(log_t))
    return temperature**2 * (target + beta * others)
