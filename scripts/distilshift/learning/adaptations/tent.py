"""Entropy minimisation."""

from distilshift import networks
from distilshift.errors import InputError
from distilshift.learning import alignment
from distilshift.learning.adaptation import Task
from distilshift.learning.training import LossFn


def tent(task: Task) -> LossFn:
    """Minimise the predictions' entropy by the normalisations' scales and offsets alone.

    BatchNorm's, as in the paper, and those of LayerNorm and GroupNorm, as in Niu et al.,
    arXiv:2302.12400. Offline: many passes over the target's training inputs, then the weights
    are kept.

    Raises:
        InputError: no layer of the network normalises and has scales.

    Source: Wang et al., "Tent: Fully Test-time Adaptation by Entropy Minimization",
    arXiv:2006.10726, section 3.
    """
    norms = networks.normalisations(task.model)
    if not norms:
        problem = "needs layers that normalise and the network has none"
        raise InputError("adaptation tent", problem, "give this network other adaptations")
    task.model.requires_grad_(False)
    for module in norms:
        module.requires_grad_(True)

    def loss_fn(step):
        _, logits = task.target_batch(step)
        return task.weight * alignment.entropy(logits), {}

    return loss_fn
