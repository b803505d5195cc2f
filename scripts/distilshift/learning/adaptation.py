"""Adapting a teacher to unlabelled target inputs. Target labels are never seen here.

Every method starts from the source teacher and takes the same number of steps. Source
and target batches pass the network apart, so BatchNorm normalises each domain by its own
statistics; at the end its running statistics become those of the target's training
inputs (``target_statistics``), with which the adapted teacher labels.

To add one write ``method(task) -> loss_fn`` and name it in ``ADAPTATIONS``. ``loss_fn``
maps the step to (loss, measurements); what it trains beside the teacher it puts into
``task.extra``.
"""

import copy
import dataclasses
import math
from collections.abc import Callable

from distilshift.errors import InputError
from distilshift.image import augmentation
from distilshift.learning import alignment, models
from distilshift.learning.training import LossFn, Views
from distilshift.seeds import generator

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclasses.dataclass
class Task:
    """What an adaptation may use.

    Args:
        model: starts as the source teacher; is trained in place.
        target: views of the unlabelled target inputs.
        source: views of the source inputs; None for source-free methods.
        labels: of the source inputs (N,).
        weight: of the target's part of the loss.
        steps: how many there will be.
    """

    model: models.Network
    target: Views
    source: Views | None
    labels: Tensor | None
    weight: float
    steps: int
    extra: nn.ModuleDict = dataclasses.field(default_factory=nn.ModuleDict)

    def source_batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Features, logits and cross-entropy of a batch of the labelled source."""
        rows = self.source.indices(step)
        features = self.model.body(self.source.view(rows, step))  # the source has no pose
        logits = self.model.head(features)
        return features, logits, F.cross_entropy(logits, self.labels[rows])

    def target_batch(
        self, step: int, name: str = "view", strength: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Features and logits of a batch of the target, seen as ``Views.view`` says."""
        inputs = self.target.view(self.target.indices(step), step, name, strength)
        features = self.model.features(inputs)
        return features, self.model.head(features)

    def warm_up(self, step: int) -> float:
        """From 0 to 1 over the run, as DANN (arXiv:1505.07818, section 5.2.2)."""
        return 2 / (1 + math.exp(-10 * step / self.steps)) - 1


Method = Callable[[Task], LossFn]

# ---- statistics alone -----------------------------------------------------------------


def target_statistics(model: nn.Module, target: Tensor, batch: int = 256) -> nn.Module:
    """BatchNorm's statistics replaced by those of the target; weights stay; a new network.

    Each layer's mean and variance become the average over all target batches, seen in
    one pass in training mode, without augmentation and without gradients.

    Args:
        target: uint8 inputs (N, C, H, W).

    Source: Li et al., "Revisiting Batch Normalization For Practical Domain Adaptation",
    arXiv:1603.04779, algorithm 1.
    """
    adapted = copy.deepcopy(model).train()
    for module in adapted.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
            module.momentum = None  # a plain average over batches
    with torch.no_grad():
        for rows in mixed_batches(len(target), batch):
            adapted(augmentation.preprocess(target[rows]))
    return adapted.eval()


def mixed_batches(count: int, batch: int) -> tuple[Tensor, ...]:
    """Row numbers in equal batches, in a fixed random order.

    A set may be sorted by class; a batch of one class has other statistics than the set.
    What is left over by the division is spread, not dropped: equal batches weigh equally.
    """
    order = torch.randperm(count, generator=generator("statistics"))
    return order.chunk(max(1, round(count / batch)))


def adabn(task: Task) -> None:
    """The target's BatchNorm statistics and nothing else (``target_statistics``).

    Raises:
        InputError: the network has no BatchNorm, so this would change nothing.
    """
    if not models.has_batchnorm(task.model):
        problem = "needs BatchNorm layers and the network has none"
        raise InputError("adaptation adabn", problem, "give this network other adaptations")


# ---- source-free: the teacher and target inputs ---------------------------------------


def tent(task: Task) -> LossFn:
    """Minimise the predictions' entropy by BatchNorm's scales and offsets alone.

    Offline: many passes over the target's training inputs, then the weights are kept.

    Source: Wang et al., "Tent: Fully Test-time Adaptation by Entropy Minimization",
    arXiv:2006.10726, section 3.
    """
    if not models.has_batchnorm(task.model):
        problem = "needs BatchNorm layers and the network has none"
        raise InputError("adaptation tent", problem, "give this network other adaptations")
    task.model.requires_grad_(False)
    for module in task.model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.requires_grad_(True)

    def loss_fn(step):
        _, logits = task.target_batch(step)
        return task.weight * alignment.entropy(logits), {}

    return loss_fn


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


def shot(task: Task, beta: float = 0.3, shares: Tensor | None = None) -> LossFn:
    """Information maximisation and centroid pseudo-labels under a frozen head.

    loss = weight * IM + beta * cross-entropy to the pseudo-labels, which are made anew
    each epoch from the plain inputs.

    Source: SHOT, arXiv:2002.08546, equation 9.
    """
    task.model.head.requires_grad_(False)
    task.extra["pseudo"] = pseudo = Labels(len(task.target.inputs)).to(task.target.inputs.device)

    def loss_fn(step):
        if step % task.target.per_epoch == 0:
            pseudo.labels.copy_(relabel(task, shares))
        rows = task.target.indices(step)
        _, logits = task.target_batch(step)
        fitted = F.cross_entropy(logits, pseudo.labels[rows])
        sure = alignment.information_maximisation(logits)
        return task.weight * sure + beta * fitted, {"pseudo": fitted, "im": sure}

    return loss_fn


@torch.no_grad()
def relabel(task: Task, shares: Tensor | None = None) -> Tensor:
    """Centroid labels of the target's inputs (N,), in one pass by their batches' statistics."""
    model = copy.deepcopy(task.model).train()
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.eval()
    inputs = task.target.inputs
    batches = [rows.to(inputs.device) for rows in mixed_batches(len(inputs), 256)]
    features = torch.cat([model.features(augmentation.preprocess(inputs[b])) for b in batches])
    labels = torch.empty(len(inputs), dtype=torch.long, device=inputs.device)
    labels[torch.cat(batches)] = centroid_labels(features, model.head(features), shares)
    return labels


# ---- joint: labelled source and unlabelled target -------------------------------------


def joint_shot(task: Task, shares: Tensor | None = None) -> LossFn:
    """``shot`` beside the source's own cross-entropy, the head free to move.

    loss = source cross-entropy + weight * IM + 0.3 * cross-entropy to centroid
    pseudo-labels. Source-free, a teacher that fits the target already is pulled to the
    clusters of its features, whatever they are; the source's labels hold it to its classes.

    Source: SHOT, arXiv:2002.08546, equations 3 to 8; centroid pseudo-labels beside the
    labelled source as in Liang et al., "Domain Adaptation with Auxiliary Target
    Domain-Oriented Classifier", arXiv:2007.04171, section 3.
    """
    on_target = shot(task, shares=shares)
    task.model.head.requires_grad_(True)

    def loss_fn(step):
        _, _, fitted = task.source_batch(step)
        value, measured = on_target(step)
        return fitted + value, {"source": fitted, **measured}

    return loss_fn


def joint_sinkhorn(task: Task) -> LossFn:
    """``joint_shot`` whose pseudo-labels give each class its share of the source's labels.

    A style of writing that the teacher takes for the wrong class as a whole cannot stay
    there: that class would be too many, its own too few. It takes the target's classes for
    as frequent as the source's; where they are not, ``joint_shot`` assumes less.

    Source: ``joint_shot``, with labels by ``transport``.
    """
    classes = task.model.head.out_features
    counts = torch.bincount(task.labels, minlength=classes)
    return joint_shot(task, counts / counts.sum())


def on_logits(loss: Callable[[Tensor], Tensor]) -> Method:
    """Source cross-entropy + weight * a loss of the target's logits."""

    def method(task: Task) -> LossFn:
        def loss_fn(step):
            _, _, fitted = task.source_batch(step)
            _, logits = task.target_batch(step)
            value = loss(logits)
            return fitted + task.weight * value, {"source": fitted, "target": value}

        return loss_fn

    return method


def on_features(loss: Callable[[Tensor, Tensor], Tensor]) -> Method:
    """Source cross-entropy + weight * a distance of the two domains' features."""

    def method(task: Task) -> LossFn:
        def loss_fn(step):
            source, _, fitted = task.source_batch(step)
            target, _ = task.target_batch(step)
            value = loss(source, target)
            return fitted + task.weight * value, {"source": fitted, "target": value}

        return loss_fn

    return method


def dann(task: Task) -> LossFn:
    """Features that a discriminator cannot tell apart.

    Source: Ganin et al., arXiv:1505.07818.
    """
    judge = alignment.discriminator(task.model.head.in_features)
    task.extra["judge"] = judge.to(task.target.inputs.device)

    def loss_fn(step):
        source, _, fitted = task.source_batch(step)
        target, _ = task.target_batch(step)
        value = alignment.domain_adversary(judge, source, target, task.warm_up(step))
        return fitted + task.weight * value, {"source": fitted, "target": value}

    return loss_fn


def cdan(task: Task) -> LossFn:
    """As ``dann``, of features times predictions, sure samples weighing more (CDAN+E).

    Source: Long et al., arXiv:1705.10667, equations 5 and 8.
    """
    head = task.model.head
    judge = alignment.discriminator(head.in_features * head.out_features)
    task.extra["judge"] = judge.to(task.target.inputs.device)

    def loss_fn(step):
        source, source_logits, fitted = task.source_batch(step)
        target, target_logits = task.target_batch(step)
        log_p = F.log_softmax(torch.cat([source_logits, target_logits]).detach(), dim=1)
        weights = 1 + torch.exp((log_p.exp() * log_p).sum(1))
        value = alignment.domain_adversary(
            judge,
            alignment.conditioned(source, source_logits),
            alignment.conditioned(target, target_logits),
            task.warm_up(step),
            weights / weights.mean(),
        )
        return fitted + task.weight * value, {"source": fitted, "target": value}

    return loss_fn


def fixmatch(task: Task, threshold: float = 0.95) -> LossFn:
    """Sure labels of one view teach another view of twice the strength.

    Source: Sohn et al., arXiv:2001.07685.
    """

    def loss_fn(step):
        _, _, fitted = task.source_batch(step)
        with torch.no_grad():
            _, weak = task.target_batch(step)
        _, strong = task.target_batch(step, "strong", 2.0)
        value = alignment.confident_cross_entropy(weak, strong, threshold)
        return fitted + task.weight * value, {"source": fitted, "target": value}

    return loss_fn


ADAPTATIONS: dict[str, Method] = {
    "adabn": adabn,
    "tent": tent,
    "shot": shot,
    "joint-shot": joint_shot,
    "joint-sinkhorn": joint_sinkhorn,
    "im": on_logits(alignment.information_maximisation),
    "mcc": on_logits(alignment.minimum_class_confusion),
    "bnm": on_logits(alignment.batch_nuclear_norm),
    "coral": on_features(alignment.coral),
    "mmd": on_features(alignment.mmd),
    "dann": dann,
    "cdan": cdan,
    "fixmatch": fixmatch,
}
SOURCE_FREE = ("adabn", "tent", "shot")
