"""Measures of predictions: pure functions of logits and labels.

Written out because importing torchmetrics takes longer than a whole evaluation; the
tests hold each against torchmetrics.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Share of samples whose largest logit (N, C) is that of the label (N,)."""
    return (logits.argmax(1) == labels).double().mean().item()


def confusion(predictions: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Counts (C, C) int64: row the label, column the prediction."""
    return torch.bincount(labels * classes + predictions, minlength=classes**2).view(classes, -1)


def macro_f1(logits: Tensor, labels: Tensor) -> float:
    """Mean over classes of F1 = 2 TP / (2 TP + FP + FN); classes absent from both count not."""
    table = confusion(logits.argmax(1), labels, logits.shape[1]).double()
    hits, support, predicted = table.diag(), table.sum(1), table.sum(0)
    present = support + predicted > 0
    return (2 * hits / (support + predicted))[present].mean().item()


def nll(logits: Tensor, labels: Tensor) -> float:
    """Mean negative log-likelihood of the labels, nats."""
    return F.cross_entropy(logits.double(), labels).item()


def brier(logits: Tensor, labels: Tensor) -> float:
    """Mean squared distance of the probabilities from the one-hot label, 0 to 2."""
    truth = F.one_hot(labels, logits.shape[1])
    return (logits.double().softmax(1) - truth).square().sum(1).mean().item()


def ece(logits: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins of confidence.

    Source: Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599, eq. 3.
    """
    confidence, predicted = logits.double().softmax(1).max(1)
    right = (predicted == labels).double()
    place = (confidence * bins).ceil().long().clamp(1, bins) - 1
    gaps = torch.zeros(bins, dtype=torch.double).index_add(0, place, right - confidence)
    return (gaps.abs().sum() / len(labels)).item()


METRICS = {"accuracy": accuracy, "macro_f1": macro_f1, "nll": nll, "brier": brier, "ece": ece}
