"""Alignment of covariances."""

from distilshift.learning.adaptation import on_features

import torch
from torch import Tensor


def covariance_distance(source: Tensor, target: Tensor) -> Tensor:
    """Squared Frobenius distance of the features' covariances over 4 D^2.

    Source: Sun, Saenko, "Deep CORAL", arXiv:1607.01719, equation 1.
    """
    distance = (torch.cov(source.T) - torch.cov(target.T)).square().sum()
    return distance / (4 * source.shape[1] ** 2)


coral = on_features(covariance_distance)
