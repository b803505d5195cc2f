"""Source-free adaptation by information maximisation and centroid pseudo-labels."""

import math
from collections.abc import Callable

from distilshift.learning import alignment, pseudo_labels
from distilshift.learning.adaptation import Task, mixed_batches, unlabelled
from distilshift.learning.training import LossFn
from distilshift.networks import by_batch_statistics

import torch
import torch.nn.functional as F
from torch import Tensor


def shot(
    task: Task,
    shares: Tensor | None = None,
    doubt: Callable[[Tensor], Tensor] = alignment.information_maximisation,
    since: float = 0.0,
) -> LossFn:
    """Information maximisation and centroid pseudo-labels under a frozen head.

    loss = weight * IM + beta * cross-entropy to the pseudo-labels, which are made anew
    each epoch from the plain rows; beta is the setting ``pseudo``. With ``neighbours`` they are
    those of each row's neighbours in place of the nearest centroid's.

    Args:
        shares: where given, of each class (C,), what share of the pseudo-labels it gets.
        doubt: what is made small beside them, of a batch's logits (N, C); IM unless given.
        since: the share of the steps from which on the pseudo-labels count; labels of the teacher
            as it was are then no longer counted.

    Source: SHOT, arXiv:2002.08546, equation 9; beta is 0.3 there, of digits 0.1.
    """
    beta, per_epoch = task.options["pseudo"], task.target.per_epoch
    first = math.ceil(since * task.steps)
    # labels are made from the epoch on in which they begin to count, and not of the unadapted
    # teacher where that is the first one
    begun = first // per_epoch * per_epoch or first
    task.model.head.requires_grad_(False)
    task.extra["pseudo"] = pseudo = unlabelled(task)

    def loss_fn(step):
        if step == begun or (step > begun and step % per_epoch == 0):
            pseudo.labels.copy_(relabel(task, shares))
        rows = task.target.indices(step)
        _, logits = task.target_batch(step)
        doubted = doubt(logits)
        if step < first:
            return task.weight * doubted, {"pseudo": torch.zeros(()), "target": doubted}
        fitted = F.cross_entropy(logits, pseudo.labels[rows])
        return task.weight * doubted + beta * fitted, {"pseudo": fitted, "target": doubted}

    return loss_fn


def relabel(
    task: Task, shares: Tensor | None = None, seen: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """Pseudo-labels of the target's rows (N,), of the kind that ``neighbours`` says.

    Args:
        shares: where given, of each class (C,), what share of the labels it gets.
        seen: the rows' features and logits, where they are at hand (``outputs``).
    """
    features, logits = seen or outputs(task)
    neighbours = task.options["neighbours"]
    if neighbours:
        return pseudo_labels.of_neighbours(features, logits, shares, neighbours)
    return pseudo_labels.of_centroids(features, logits, shares)


@torch.no_grad()
def outputs(task: Task) -> tuple[Tensor, Tensor]:
    """Features (N, D), logits (N, C) of the target's plain rows, by their batches' statistics."""
    model = by_batch_statistics(task.model)
    data, device = task.target.data, task.target.device
    batches = [rows.to(device) for rows in mixed_batches(len(data.ids), 256)]
    mixed = torch.cat([model.features(data.plain(rows)) for rows in batches])
    features = torch.empty_like(mixed)
    features[torch.cat(batches)] = mixed
    return features, model.head(features)
