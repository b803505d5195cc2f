"""Entropy minimisation."""

from distilshift import networks
from distilshift.errors import InputError
from distilshift.learning import alignment
from distilshift.learning.adaptation import Task
from distilshift.learning.training import LossFn

from torch import nn


def tent(task: Task) -> LossFn:
    """Minimise the predictions' entropy by BatchNorm's scales and offsets alone.

    Offline: many passes over the target's training inputs, then the weights are kept.

    Source: Wang et al., "Tent: Fully Test-time Adaptation by Entropy Minimization",
    arXiv:2006.10726, section 3.
    """
    if not networks.has_batchnorm(task.model):
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
