"""Alignment of means under kernels."""

from distilshift.learning.adaptation import on_features

import torch
from torch import Tensor


def mean_discrepancy(source: Tensor, target: Tensor, kernels: int = 5) -> Tensor:
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
    scale = scale.clamp_min(1e-30)  # of features that are all the same: no distance at any scale
    octaves = range(-(kernels // 2), kernels - kernels // 2)
    kernel = sum(torch.exp(-distance / (2.0**j * scale)) for j in octaves)
    n = len(source)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()


mmd = on_features(mean_discrepancy)
