"""Labelled source and pseudo-labelled target together."""

from collections.abc import Callable

from distilshift.learning import alignment
from distilshift.learning.adaptation import Task
from distilshift.learning.adaptations.mcc import minimum_class_confusion
from distilshift.learning.adaptations.shares import frequencies
from distilshift.learning.adaptations.shot import shot
from distilshift.learning.training import LossFn

from torch import Tensor


def joint_shot(
    task: Task,
    shares: Tensor | None = None,
    doubt: Callable[[Tensor], Tensor] = alignment.information_maximisation,
    since: float = 0.0,
) -> LossFn:
    """``shot`` beside the source's own cross-entropy, the head free to move.

    loss = source cross-entropy + weight * IM + ``pseudo`` * cross-entropy to centroid
    pseudo-labels. Source-free, a teacher that fits the target already is pulled to the
    clusters of its features, whatever they are; the source's labels hold it to its classes.

    Source: SHOT, arXiv:2002.08546, equations 3 to 8; centroid pseudo-labels beside the
    labelled source as in Liang et al., "Domain Adaptation with Auxiliary Target
    Domain-Oriented Classifier", arXiv:2007.04171, section 3.
    """
    on_target = shot(task, shares, doubt, since)
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
    shares = frequencies(task.labels, task.model.head.out_features)
    return joint_shot(task, shares)


def joint_mcc(task: Task) -> LossFn:
    """``mcc`` for the first half of the steps, then the labels of ``joint_sinkhorn`` beside it.

    loss = source cross-entropy + weight * MCC (+ ``pseudo`` * cross-entropy to the pseudo-labels).
    Labels of a teacher that knows little make it sure of groups that are wrong, and two that have
    changed places stay so; confusion parts the classes first.

    Source: this project; its parts are those of ``mcc`` and ``joint_sinkhorn``.
    """
    shares = frequencies(task.labels, task.model.head.out_features)
    temperature = task.options["temperature"]

    def confusion(logits: Tensor) -> Tensor:
        return minimum_class_confusion(logits, temperature)

    return joint_shot(task, shares, confusion, since=0.5)
