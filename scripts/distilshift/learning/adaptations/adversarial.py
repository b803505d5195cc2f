"""Features that a discriminator of domains cannot tell apart."""

from distilshift.learning.adaptation import Task
from distilshift.learning.training import LossFn
from distilshift.seeds import seed_from

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context, values: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradient, None


def reverse_gradient(values: Tensor, strength: float) -> Tensor:
    """The values themselves; on the way back the gradient times ``-strength``.

    Source: Ganin et al., "Domain-Adversarial Training of Neural Networks",
    arXiv:1505.07818, equations 15 and 16.
    """
    return _Reverse.apply(values, strength)


def discriminator(width: int, *seed: object, hidden: int = 256) -> nn.Module:
    """A two-layer network that tells source (1) from target (0): (N, width) to (N,).

    Args:
        seed: names what its first weights are drawn from (the global stream is left alone, and
            differs from process to process).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_from("discriminator", *seed))
        layers = [nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, 1), nn.Flatten(0)]
    return nn.Sequential(*layers)


def domain_adversary(
    judge: nn.Module, source: Tensor, target: Tensor, strength: float, weights: Tensor | None = None
) -> Tensor:
    """Cross-entropy of ``judge``, which learns it while the features unlearn it.

    The mean of both domains' means: a small target weighs as much as a batch of the source.

    Args:
        source, target: what is judged, (N, D) and (M, D).
        strength: of the reversed gradient.
        weights: of the samples (N + M,), mean 1; CDAN+E gives sure samples more.
    """
    given = reverse_gradient(torch.cat([source, target]), strength)
    truth = torch.cat([source.new_ones(len(source)), target.new_zeros(len(target))])
    if len(source) != len(target):
        even = len(given) / 2 / torch.where(truth > 0, len(source), len(target))
        weights = even if weights is None else even * weights
    return F.binary_cross_entropy_with_logits(judge(given), truth, weight=weights)


def conditioned(features: Tensor, logits: Tensor) -> Tensor:
    """Features times predictions, flattened: (N, D C). What CDAN judges.

    Source: Long et al., "Conditional Adversarial Domain Adaptation", arXiv:1705.10667,
    equation 5; the predictions carry no gradient.
    """
    p = F.softmax(logits, dim=1).detach()
    return (p[:, :, None] * features[:, None]).flatten(1)


def dann(task: Task) -> LossFn:
    """Features that a discriminator cannot tell apart.

    Source: Ganin et al., arXiv:1505.07818.
    """
    judge = discriminator(task.model.head.in_features, *task.target.seed)
    task.extra["judge"] = judge.to(task.target.device)

    def loss_fn(step):
        source, _, fitted = task.source_batch(step)
        target, _ = task.target_batch(step)
        value = domain_adversary(judge, source, target, task.warm_up(step))
        return fitted + task.weight * value, {"source": fitted, "target": value}

    return loss_fn


def cdan(task: Task) -> LossFn:
    """As ``dann``, of features times predictions, sure samples weighing more (CDAN+E).

    Source: Long et al., arXiv:1705.10667, equations 5 and 8.
    """
    head = task.model.head
    judge = discriminator(head.in_features * head.out_features, *task.target.seed)
    task.extra["judge"] = judge.to(task.target.device)

    def loss_fn(step):
        source, source_logits, fitted = task.source_batch(step)
        target, target_logits = task.target_batch(step)
        log_p = F.log_softmax(torch.cat([source_logits, target_logits]).detach(), dim=1)
        weights = 1 + torch.exp((log_p.exp() * log_p).sum(1))
        value = domain_adversary(
            judge,
            conditioned(source, source_logits),
            conditioned(target, target_logits),
            task.warm_up(step),
            weights / weights.mean(),
        )
        return fitted + task.weight * value, {"source": fitted, "target": value}

    return loss_fn
