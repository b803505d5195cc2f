"""Distillation of relations."""

import torch.nn.functional as F
from torch import Tensor


def dist(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Match relations, not values: T^2 (2 - correlation by sample - correlation by class).

    Pearson's correlation of the softened predictions, over the classes of each sample and
    over the samples of each class. The latter's mean is the same value for every sample.

    From three classes on. A correlation of two numbers is 1 or -1 whatever they are: with
    two classes the first has no gradient, and the second does not see what is added to a
    class, so that a student that names one class for everything costs nothing. The paper
    adds cross-entropy to the true labels, which are not to be had here.

    Source: Huang et al., "Knowledge Distillation from A Stronger Teacher",
    arXiv:2205.10536, equations 8 to 11, with weights 1 and 1.
    """
    p, q = (F.softmax(z / temperature, dim=1) for z in (student, teacher.detach()))

    def standard(x):  # one kernel, forwards and backwards; its variance divides by the count
        return F.layer_norm(x, x.shape[1:], eps=1e-16)

    by_sample = (standard(p) * standard(q)).mean(1)
    by_class = (standard(p.T) * standard(q.T)).mean()
    return temperature**2 * (2 - by_sample - by_class)
