"""Losses that adapt a network to unlabelled target inputs: pure functions of a batch.

None sees a target label. ``logits`` is (N, C), ``features`` (N, D); all return a scalar
in nats or in the units of the paper's formula.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
    confusion = confusion / confusion.sum(1, keepdim=True)
    return (confusion.sum() - confusion.trace()) / len(confusion)


def batch_nuclear_norm(logits: Tensor) -> Tensor:
    """-||softmax(logits)||_* / N: large when predictions are both sure and diverse.

    Source: Cui et al., "Towards Discriminability and Diversity: Batch Nuclear-norm
    Maximization under Label Insufficient Situations", arXiv:2003.12237, equation 11.
    """
    return -torch.linalg.matrix_norm(F.softmax(logits, dim=1), "nuc") / len(logits)


def coral(source: Tensor, target: Tensor) -> Tensor:
    """Squared Frobenius distance of the features' covariances over 4 D^2.

    Source: Sun, Saenko, "Deep CORAL", arXiv:1607.01719, equation 1.
    """
    distance = (torch.cov(source.T) - torch.cov(target.T)).square().sum()
    return distance / (4 * source.shape[1] ** 2)


def mmd(source: Tensor, target: Tensor, kernels: int = 5) -> Tensor:
    """Squared maximum mean discrepancy under a sum of Gaussian kernels (biased estimate).

    k(x, y) = sum_j exp(-|x - y|^2 / (2^j s)), j centred on 0, s the mean squared distance
    of the pairs at hand, which carries no gradient.

    Source: Long et al., "Learning Transferable Features with Deep Adaptation Networks",
    arXiv:1502.02791, section 3; bandwidths by the mean distance, in octaves.
    """
    both = torch.cat([source, target])
    square = both.square().sum(1)
    distance = (square[:, None] + square[None] - 2 * both @ both.T).clamp_min(0)
    scale = distance.detach().sum() / (len(both) * (len(both) - 1))
    octaves = range(-(kernels // 2), kernels - kernels // 2)
    kernel = sum(torch.exp(-distance / (2.0**j * scale)) for j in octaves)
    n = len(source)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()


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


def discriminator(width: int, hidden: int = 256) -> nn.Module:
    """A two-layer network that tells source (1) from target (0): (N, width) to (N,)."""
    layers = [nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, 1), nn.Flatten(0)]
    return nn.Sequential(*layers)


def domain_adversary(
    judge: nn.Module, source: Tensor, target: Tensor, strength: float, weights: Tensor | None = None
) -> Tensor:
    """Cross-entropy of ``judge``, which learns it while the features unlearn it.

    Args:
        source, target: what is judged, (N, D) and (M, D).
        strength: of the reversed gradient.
        weights: of the samples (N + M,), mean 1; CDAN+E gives sure samples more.
    """
    given = reverse_gradient(torch.cat([source, target]), strength)
    truth = torch.cat([source.new_ones(len(source)), target.new_zeros(len(target))])
    return F.binary_cross_entropy_with_logits(judge(given), truth, weight=weights)


def conditioned(features: Tensor, logits: Tensor) -> Tensor:
    """Features times predictions, flattened: (N, D C). What CDAN judges.

    Source: Long et al., "Conditional Adversarial Domain Adaptation", arXiv:1705.10667,
    equation 5; the predictions carry no gradient.
    """
    p = F.softmax(logits, dim=1).detach()
    return (p[:, :, None] * features[:, None]).flatten(1)


def confident_cross_entropy(weak: Tensor, strong: Tensor, threshold: float) -> Tensor:
    """Cross-entropy of the strong view's logits against the weak view's own label, where sure.

    Source: Sohn et al., "FixMatch", arXiv:2001.07685, equation 4.
    """
    sure, labels = F.softmax(weak.detach(), dim=1).max(1)
    loss = F.cross_entropy(strong, labels, reduction="none")
    return (loss * (sure >= threshold)).mean()
