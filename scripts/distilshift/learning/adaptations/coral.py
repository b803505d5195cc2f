"""Alignment of covariances."""

from distilshift.errors import InputError
from distilshift.learning.adaptation import Task, on_features
from distilshift.learning.training import LossFn

import torch
from torch import Tensor


def covariance_distance(source: Tensor, target: Tensor) -> Tensor:
    """Squared Frobenius distance of the features' covariances over 4 D^2.

    Source: Sun, Saenko, "Deep CORAL", arXiv:1607.01719, equation 1.
    """
    distance = (torch.cov(source.T) - torch.cov(target.T)).square().sum()
    return distance / (4 * source.shape[1] ** 2)


def coral(task: Task) -> LossFn:
    """Source cross-entropy + weight * ``covariance_distance``.

    Raises:
        InputError: a batch is of one row, which has no covariance.
    """
    if min(task.source.batch, task.target.batch) < 2:
        problem = "a batch of one row has no covariance"
        raise InputError("--kind coral", problem, "give 2 rows or more, and a batch of as many")
    return on_features(covariance_distance)(task)
