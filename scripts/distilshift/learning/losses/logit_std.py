"""Distillation of standardised logits."""

from distilshift.learning.losses.kd import kd

from torch import Tensor


def logit_std(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``kd`` of logits brought to mean 0 and standard deviation 1, sample by sample.

    From three classes on: two numbers so brought are always the same two, up to their
    order, and nothing has a gradient.

    Source: Sun et al., "Logit Standardization in Knowledge Distillation",
    arXiv:2403.01427, algorithm 1.
    """

    def standard(logits):
        return (logits - logits.mean(1, keepdim=True)) / (1e-7 + logits.std(1, keepdim=True))

    return kd(standard(student), standard(teacher.detach()), temperature)
