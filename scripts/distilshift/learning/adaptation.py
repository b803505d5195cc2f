"""Adapting a teacher to unlabelled target rows. Target labels are never seen here.

Every method starts from the source teacher and takes the same number of steps. Source
and target batches pass the network apart, so BatchNorm normalises each domain by its own
statistics; at the end its running statistics become those of the target's training
rows (``target_statistics``), with which the adapted teacher labels.

A method, one of ``adaptations``, is ``method(task) -> loss_fn``. ``loss_fn`` maps the step
to (loss, measurements); what it trains beside the teacher it puts into ``task.extra``. A
method that trains nothing returns None.
"""

import dataclasses
import math
from collections.abc import Callable

from distilshift import registry
from distilshift.data.domains import Inputs
from distilshift.learning import adaptations
from distilshift.learning.settings import Adaptation
from distilshift.learning.training import LossFn, Views
from distilshift.networks import Network, by_batch_statistics
from distilshift.seeds import generator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# what they are where nothing is said
OPTIONS = {
    field.name: field.default
    for field in dataclasses.fields(Adaptation)
    if field.name in adaptations.OPTIONS
}


@dataclasses.dataclass
class Task:
    """What an adaptation may use.

    Args:
        model: starts as the source teacher; is trained in place.
        target: views of the unlabelled target rows.
        source: views of the source; None for source-free methods.
        labels: of the source's rows (N,).
        weight: of the target's part of the loss.
        steps: how many there will be.
        smoothing: of the source's labels.
        options: settings that only some methods have, by name.
    """

    model: Network
    target: Views
    source: Views | None
    labels: Tensor | None
    weight: float
    steps: int
    smoothing: float = 0.0
    options: dict = dataclasses.field(default_factory=lambda: dict(OPTIONS))
    extra: nn.ModuleDict = dataclasses.field(default_factory=nn.ModuleDict)

    def source_batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Features, logits and cross-entropy of a batch of the labelled source."""
        rows = self.source.indices(step)
        features = self.model.features(self.source.view(rows, step), posed=False)
        logits = self.model.head(features)
        loss = F.cross_entropy(logits, self.labels[rows], label_smoothing=self.smoothing)
        return features, logits, loss

    def target_batch(
        self, step: int, name: str = "view", strength: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Features and logits of a batch of the target, seen as ``Views.view`` says."""
        seen = self.target.view(self.target.indices(step), step, name, strength)
        features = self.model.features(seen)
        return features, self.model.head(features)

    def warm_up(self, step: int) -> float:
        """From 0 to 1 over the run, as DANN (arXiv:1505.07818, section 5.2.2)."""
        return 2 / (1 + math.exp(-10 * step / self.steps)) - 1


class Labels(nn.Module):
    """Labels of all rows as a buffer, so that a resumed run goes on with the same."""

    def __init__(self, labels: Tensor):
        super().__init__()
        self.register_buffer("labels", labels)


def unlabelled(task: Task) -> Labels:
    """A class for each of the target's rows (N,), none of which is known yet."""
    return Labels(torch.zeros(len(task.target.data.ids), dtype=torch.long)).to(task.target.device)


Method = Callable[[Task], LossFn | None]


def method(kind: str) -> Method:
    """The adaptation of that name."""
    return registry.find(adaptations.__name__, adaptations.ADAPTATIONS, kind, "--kind")


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


def target_statistics(model: nn.Module, target: Inputs, batch: int = 256) -> nn.Module:
    """BatchNorm's statistics replaced by those of the target; weights stay; a new network.

    Each layer's mean and variance become the average over all target batches, seen in
    one pass in training mode, without augmentation and without gradients.

    Args:
        target: of whose rows the statistics are.

    Source: Li et al., "Revisiting Batch Normalization For Practical Domain Adaptation",
    arXiv:1603.04779, algorithm 1.
    """
    adapted = by_batch_statistics(model)
    for module in adapted.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
            module.momentum = None  # a plain average over batches
    with torch.no_grad():
        for rows in mixed_batches(len(target.ids), batch):
            adapted(target.plain(rows))
    return adapted.eval()


@torch.no_grad()
def said(
    model: Network,
    target: Inputs,
    ask: Callable[[Tensor], Tensor] | None = None,
    batch: int = 256,
) -> Tensor:
    """Logits (N, C) of the target's plain rows, in evaluation mode.

    Args:
        ask: another method of the network, where its logits are not what is asked for.
    """
    model.eval()
    rows = torch.arange(len(target.ids), device=target.device).split(batch)
    return torch.cat([(ask or model)(target.plain(some)) for some in rows])


def mixed_batches(count: int, batch: int) -> tuple[Tensor, ...]:
    """Row numbers in equal batches, in a fixed random order.

    A set may be sorted by class; a batch of one class has other statistics than the set.
    What is left over by the division is spread, not dropped: equal batches weigh equally.
    """
    order = torch.randperm(count, generator=generator("statistics"))
    number = max(1, round(count / batch))
    batches = order.chunk(number)
    if 2 * len(batches[-1]) < len(batches[0]):  # of many batches the last may be one row
        batches = order.tensor_split(number)
    return batches
