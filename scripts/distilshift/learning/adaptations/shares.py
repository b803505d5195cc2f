"""Labelled source and pseudo-labelled target together, whose class shares may differ."""

from distilshift import cli
from distilshift.learning import alignment, pseudo_labels
from distilshift.learning.adaptation import Task, unlabelled
from distilshift.learning.adaptations import shot
from distilshift.learning.training import LossFn

import torch
import torch.nn.functional as F
from torch import Tensor, nn

REMADE = 3  # times an epoch that labels and shares are made anew, where shares moved


class Prior(nn.Module):
    """What is believed of the target's class shares: buffers, which a resumed run goes on with."""

    def __init__(self, shares: Tensor):
        super().__init__()
        self.register_buffer("shares", shares.clone())
        self.register_buffer("moved", torch.zeros((), dtype=torch.bool))


def frequencies(labels: Tensor, classes: int) -> Tensor:
    """The share of each class among ``labels`` (N,): (C,), of sum 1."""
    return torch.bincount(labels, minlength=classes) / len(labels)


def moved(features: Tensor, logits: Tensor, shares: Tensor) -> bool:
    """Whether the clusters' shares differ from ``shares`` by more than the predictions' doubt.

    d > u, with d the total variation between the shares of the centroid labels and ``shares``,
    and u = mean_i (1 - max_c p_ic), the share of wrong predictions that the network expects of
    itself: a network that errs that often may count that far off.
    """
    counted = frequencies(pseudo_labels.of_centroids(features, logits), logits.shape[1])
    doubt = 1 - F.softmax(logits, dim=1).max(1).values.mean()
    apart = (counted - shares).abs().sum() / 2
    believed = "the clusters'" if apart > doubt else "the source's"
    cli.log.info("class shares: %.3f apart, %.3f doubted: %s", apart, doubt, believed)
    return bool(apart > doubt)


def joint_shares(task: Task) -> LossFn:
    """``joint_sinkhorn`` unless the target is seen to have other class shares than the source.

    Whether it has is asked once, of the teacher before its first step (``moved``). If not, this is
    ``joint_sinkhorn`` to the bit. If so, pseudo-labels are the nearest centroids', and what the
    predictions are held to in the mean is their shares, not even ones:
    loss = source cross-entropy + weight * (``entropy_to_shares``) + ``pseudo`` * cross-entropy
    to the pseudo-labels.

    Source: this project; its parts are those of ``joint_shot`` and ``joint_sinkhorn``.
    """
    classes, beta = task.model.head.out_features, task.options["pseudo"]
    known = frequencies(task.labels, classes)
    device = task.target.device
    task.extra["prior"] = prior = Prior(known).to(device)
    task.extra["pseudo"] = pseudo = unlabelled(task)
    per_epoch = task.target.per_epoch

    def remake(step: int) -> None:
        if step % (max(1, per_epoch // REMADE) if prior.moved else per_epoch):
            return
        seen = shot.outputs(task)
        if step == 0:
            prior.moved.fill_(moved(*seen, known))
        pseudo.labels.copy_(shot.relabel(task, None if prior.moved else known, seen))
        if prior.moved:
            prior.shares.copy_(frequencies(pseudo.labels, classes))

    def loss_fn(step):
        remake(step)
        _, _, fitted = task.source_batch(step)
        rows = task.target.indices(step)
        _, logits = task.target_batch(step)
        if prior.moved:
            sure = alignment.entropy_to_shares(logits, prior.shares)
        else:
            sure = alignment.information_maximisation(logits)
        guessed = F.cross_entropy(logits, pseudo.labels[rows])
        loss = fitted + (task.weight * sure + beta * guessed)
        return loss, {"source": fitted, "pseudo": guessed, "target": sure}

    return loss_fn
