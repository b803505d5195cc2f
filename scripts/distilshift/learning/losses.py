"""Distillation losses: pure functions from logits to a value a sample.

Each is ``loss(student, teacher, temperature) -> (N,)``: logits (N, C), T > 0, and no
gradient to the teacher. Their mean is what is minimised; a method may weight them. To
add one write such a function and name it in ``DISTILLATION``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def kd(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    r"""Knowledge distillation: T^2 KL(softmax(teacher/T) || softmax(student/T)).

    The T^2 keeps the size of the gradient when T changes. Forward KL from the teacher.

    Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network",
    arXiv:1503.02531, section 2.
    """
    log_student = F.log_softmax(student / temperature, dim=1)
    log_teacher = F.log_softmax(teacher.detach() / temperature, dim=1)
    return temperature**2 * divergence(log_student, log_teacher)


def divergence(log_student: Tensor, log_teacher: Tensor) -> Tensor:
    """KL(teacher || student) of log-probabilities (N, C), in nats: (N,)."""
    return F.kl_div(log_student, log_teacher, reduction="none", log_target=True).sum(1)


def soft_ce(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """T^2 times the cross-entropy of the student against softmax(teacher / T).

    The gradient is that of ``kd``; the value is larger by the teacher's entropy.
    """
    soft = F.softmax(teacher.detach() / temperature, dim=1)
    return temperature**2 * F.cross_entropy(student / temperature, soft, reduction="none")


def hard(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Cross-entropy against the teacher's largest logit; the temperature plays no part."""
    return F.cross_entropy(student, teacher.argmax(1), reduction="none")


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


def dist(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Match relations, not values: T^2 (2 - correlation by sample - correlation by class).

    Pearson's correlation of the softened predictions, over the classes of each sample and
    over the samples of each class. The latter's mean is the same value for every sample.

    Source: Huang et al., "Knowledge Distillation from A Stronger Teacher",
    arXiv:2205.10536, equations 8 to 11, with weights 1 and 1.
    """
    p, q = (F.softmax(z / temperature, dim=1) for z in (student, teacher.detach()))

    def correlation(a, b):
        a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
        return F.cosine_similarity(a, b, dim=1, eps=1e-8)

    return temperature**2 * (2 - correlation(p, q) - correlation(p.T, q.T).mean())


def logit_std(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``kd`` of logits brought to mean 0 and standard deviation 1, sample by sample.

    Source: Sun et al., "Logit Standardization in Knowledge Distillation",
    arXiv:2403.01427, algorithm 1.
    """

    def standard(logits):
        return (logits - logits.mean(1, keepdim=True)) / (1e-7 + logits.std(1, keepdim=True))

    return kd(standard(student), standard(teacher.detach()), temperature)


DISTILLATION = {
    "kd": kd,
    "soft-ce": soft_ce,
    "hard": hard,
    "dkd": dkd,
    "dist": dist,
    "logit-std": logit_std,
}
