"""Sure labels of weak views."""

from distilshift.learning.adaptation import Task
from distilshift.learning.training import LossFn

import torch
import torch.nn.functional as F
from torch import Tensor


def confident_cross_entropy(weak: Tensor, strong: Tensor, threshold: float) -> Tensor:
    """Cross-entropy of the strong view's logits against the weak view's own label, where sure.

    Source: Sohn et al., "FixMatch", arXiv:2001.07685, equation 4.
    """
    sure, labels = F.softmax(weak.detach(), dim=1).max(1)
    loss = F.cross_entropy(strong, labels, reduction="none")
    return (loss * (sure >= threshold)).mean()


def fixmatch(task: Task) -> LossFn:
    """Sure labels of one view teach another, stronger one.

    The strong view is drawn from ranges of its own where it has any; else it is one of the
    weak view's ranges with twice its changes of pose and colour.

    Source: Sohn et al., arXiv:2001.07685.
    """
    threshold = task.options["threshold"]
    strength = 1.0 if "strong" in task.target.others else 2.0

    def loss_fn(step):
        _, _, fitted = task.source_batch(step)
        with torch.no_grad():
            _, weak = task.target_batch(step)
        _, strong = task.target_batch(step, "strong", strength)
        value = confident_cross_entropy(weak, strong, threshold)
        return fitted + task.weight * value, {"source": fitted, "target": value}

    return loss_fn
