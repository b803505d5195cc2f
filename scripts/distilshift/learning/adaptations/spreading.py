"""Labels that spread over the graph of the target's rows."""

import copy

from distilshift import cli
from distilshift.learning import pseudo_labels
from distilshift.learning.adaptation import Task, said, target_statistics, unlabelled
from distilshift.learning.training import LossFn
from distilshift.networks import Network

import torch.nn.functional as F
from torch import Tensor


def label_spreading(task: Task) -> LossFn:
    """Cross-entropy to labels that the teacher's predictions spread to, made anew half-way.

    loss = weight * cross-entropy to the labels of ``of_graph``. What is near is said by a frozen
    body where the network has one (``Network.compared``): it parts groups that a head which knows
    the source alone confuses, and of a group that head need know only which class it is more often
    than others. What has learned from the first labels knows more of the target than the teacher,
    so the second spread from its predictions.

    Source: this project; its parts are those of ``of_graph``.
    """
    data = task.target.data
    task.extra["pseudo"] = pseudo = unlabelled(task)

    def relabel(model: Network) -> Tensor:
        logits = said(model, data)
        labels = pseudo_labels.of_graph(said(model, data, model.compared), logits)
        other = 100 * (labels != logits.argmax(1)).float().mean()
        given = len(labels.unique())
        cli.log.info(
            "labels of the graph: %.1f %% are not what is said of the row itself; %d of %d classes",
            *(other, given, logits.shape[1]),
        )
        return labels

    def loss_fn(step):
        if step == 0:
            pseudo.labels.copy_(relabel(copy.deepcopy(task.model)))
        elif step == task.steps // 2:
            pseudo.labels.copy_(relabel(target_statistics(task.model, data)))
        _, logits = task.target_batch(step)
        fitted = F.cross_entropy(logits, pseudo.labels[task.target.indices(step)])
        return task.weight * fitted, {"pseudo": fitted}

    return loss_fn
