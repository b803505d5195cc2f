"""Source-free adaptation by information maximisation and centroid pseudo-labels."""

import copy

from distilshift.learning import alignment
from distilshift.learning.adaptation import Task, mixed_batches
from distilshift.learning.training import LossFn

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Labels(nn.Module):
    """Pseudo-labels kept as a buffer, so that a resumed run goes on with the same."""

    def __init__(self, count: int):
        super().__init__()
        self.register_buffer("labels", torch.zeros(count, dtype=torch.long))


def centroid_labels(features: Tensor, logits: Tensor, shares: Tensor | None = None) -> Tensor:
    """Labels (N,) by the nearest class centroid, cosine distance, centroids refined once.

    Centroids are first means of features weighted by the predictions, then means over
    the labels these give. A class that no sample takes keeps its weighted centroid.

    Args:
        shares: where given, of each class (C,): the labels are then those of a transport of
            samples to centroids that gives each class its share (``transport``).

    Source: SHOT, arXiv:2002.08546, equations 6 to 8.
    """
    features = F.normalize(features, dim=1)
    weights = F.softmax(logits, dim=1)
    for _ in range(2):
        centroids = F.normalize(weights.T @ features, dim=1)
        near = features @ centroids.T
        labels = (near if shares is None else transport(near, shares)).argmax(1)
        hard = F.one_hot(labels, logits.shape[1]).to(weights)
        weights = torch.where(hard.sum(0) > 0, hard, weights)
    return labels


def transport(near: Tensor, shares: Tensor, cost: float = 20.0, rounds: int = 20) -> Tensor:
    """log of the plan (N, C) that moves samples to classes at least cost, smoothed by entropy.

    P = argmin -cost <P, near> - H(P), each row summing to 1 and column c to N shares[c]; by
    Sinkhorn's iteration in logarithms, rows last.

    Args:
        near: cosines (N, C) of samples and centroids.

    Source: Cuturi, "Sinkhorn Distances", arXiv:1306.0895, algorithm 1; for labels, Asano,
    Rupprecht, Vedaldi, arXiv:1911.05371, equations 5 to 7.
    """
    plan = cost * near
    columns = (len(near) * shares).clamp_min(1e-6).log()  # also of classes the source lacks
    for _ in range(rounds):
        plan = plan - plan.logsumexp(0, keepdim=True) + columns
        plan = plan - plan.logsumexp(1, keepdim=True)
    return plan


def shot(task: Task, shares: Tensor | None = None) -> LossFn:
    """Information maximisation and centroid pseudo-labels under a frozen head.

    loss = weight * IM + beta * cross-entropy to the pseudo-labels, which are made anew
    each epoch from the plain rows; beta is the setting ``pseudo``.

    Source: SHOT, arXiv:2002.08546, equation 9; beta is 0.3 there, of digits 0.1.
    """
    beta = task.options["pseudo"]
    task.model.head.requires_grad_(False)
    task.extra["pseudo"] = pseudo = Labels(len(task.target.data.ids)).to(task.target.device)

    def loss_fn(step):
        if step % task.target.per_epoch == 0:
            pseudo.labels.copy_(relabel(task, shares))
        rows = task.target.indices(step)
        _, logits = task.target_batch(step)
        fitted = F.cross_entropy(logits, pseudo.labels[rows])
        sure = alignment.information_maximisation(logits)
        return task.weight * sure + beta * fitted, {"pseudo": fitted, "im": sure}

    return loss_fn


def relabel(task: Task, shares: Tensor | None = None) -> Tensor:
    """Centroid labels of the target's rows (N,), see ``outputs`` and ``centroid_labels``."""
    return centroid_labels(*outputs(task), shares)


@torch.no_grad()
def outputs(task: Task) -> tuple[Tensor, Tensor]:
    """Features (N, D), logits (N, C) of the target's plain rows, by their batches' statistics."""
    model = copy.deepcopy(task.model).train()
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.eval()
    data, device = task.target.data, task.target.device
    batches = [rows.to(device) for rows in mixed_batches(len(data.ids), 256)]
    mixed = torch.cat([model.features(data.plain(rows)) for rows in batches])
    features = torch.empty_like(mixed)
    features[torch.cat(batches)] = mixed
    return features, model.head(features)
