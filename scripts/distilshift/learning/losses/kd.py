"""Knowledge distillation, and its two relatives that differ in what is matched."""

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
