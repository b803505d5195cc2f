"""Labels by what a row's parts say, learned of both domains."""

import copy

from distilshift import cli, networks
from distilshift.data.domains import Inputs
from distilshift.errors import InputError
from distilshift.learning.adaptation import Labels, Task, said
from distilshift.learning.naive_bayes import expectation_maximisation, listed, together
from distilshift.learning.training import LossFn
from distilshift.networks import Network

import torch
import torch.nn.functional as F
from torch import Tensor


def naive_bayes(task: Task) -> LossFn:
    """Source cross-entropy + weight * cross-entropy to what the target's parts say of their class.

    These are the probabilities of ``expectation_maximisation``: what a word means is learned of the
    target's rows too, in which it stands beside words that the source knows. Half-way they are made
    anew from what the network has learned of the first.

    Raises:
        InputError: the network counts no parts.

    Source: this project; its parts are those of ``expectation_maximisation``.
    """
    if not networks.has_parts(task.model):
        problem = "counts the parts of a row and the network has none"
        raise InputError("adaptation naive-bayes", problem, "give this network other adaptations")
    data, classes = task.target.data, task.model.head.out_features
    p = torch.zeros(len(data.ids), classes, device=task.target.device)
    task.extra["pseudo"] = pseudo = Labels(p)
    made = []  # of each sort the parts of both, once they are asked for

    def relabel(given: Tensor | None) -> Tensor:
        if not made:
            both = [pairs(task.model, of) for of in (task.source.data, data)]
            made.extend(together(*sort) for sort in zip(*both, strict=True))
        return expectation_maximisation(made, task.labels, classes, given).exp()

    def loss_fn(step):
        if step == 0:
            pseudo.labels.copy_(relabel(None))
        elif step == task.steps // 2:
            before = pseudo.labels.argmax(1)
            logits = said(copy.deepcopy(task.model), data)  # which is asked in evaluation mode
            pseudo.labels.copy_(relabel(F.softmax(logits, dim=1)))
            other = 100 * (pseudo.labels.argmax(1) != before).float().mean()
            cli.log.info("labels of parts: %.1f %% are others than at first", other)
        _, _, fitted = task.source_batch(step)
        _, seen = task.target_batch(step)
        guessed = F.cross_entropy(seen, pseudo.labels[task.target.indices(step)])
        return fitted + task.weight * guessed, {"source": fitted, "pseudo": guessed}

    return loss_fn


@torch.no_grad()
def pairs(model: Network, data: Inputs, batch: int = 256) -> list[tuple[Tensor, int]]:
    """Of each sort which plain row has which part (``listed``), and how many rows there are."""
    rows = torch.arange(len(data.ids), device=data.device).split(batch)
    sorts = zip(*(model.parts(data.plain(some)) for some in rows), strict=True)
    return [(listed(batches), len(data.ids)) for batches in sorts]
