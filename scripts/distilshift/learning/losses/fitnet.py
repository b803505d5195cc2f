"""FitNets: besides the teacher's probabilities its penultimate layer is imitated."""

from collections.abc import Callable, Iterable

from distilshift.errors import InputError
from distilshift.learning.distillation import Task, followed
from distilshift.learning.losses.kd import kd
from distilshift.learning.training import LossFn

import torch
from torch import Tensor, nn


def fitnet(task: Task) -> LossFn:
    """``kd``, and the squared distance of the student's projected features to the teacher's.

    loss = kd + 1/2 |r(f) - (t - m) / s|^2, with f the student's features (n, D), t those of
    the teacher from the cache (n, D'), m and s^2 = mean |t - m|^2 their mean and variance over
    all rows, and r a linear map that is trained with the student and left behind. In these
    units r may begin as 0, and 1/2 is a student whose features say nothing. The published
    method trains with the hint first, of a layer in the middle, and with the labels after
    that; here both at once, of the layer that the head reads, which every network has.

    Source: Romero et al., "FitNets: Hints for Thin Deep Nets", arXiv:1412.6550, equation 3.

    Raises:
        InputError: the cache holds no features, or the labels are not its own.
    """
    if task.how.views == "online":
        raise InputError("--views online", "fitnet needs a cache's features", "fixed or replayed")
    if task.how.budget != "full":
        problem = f"fitnet sees more of the teacher than {task.how.budget} shows"
        raise InputError("--budget", problem, "allowed: full")
    if not task.labels.width:
        problem = "holds no features for fitnet"
        raise InputError("--logits", problem, "set logits.features: true in the config")
    everyone = torch.arange(task.views.count, device=task.views.device)
    mean, spread = moments(lambda: map(task.labels.features, everyone.split(4096)))
    width = task.model.head.in_features
    projection = nn.utils.skip_init(nn.Linear, width, task.labels.width)  # draws nothing
    for parameter in projection.parameters():
        nn.init.zeros_(parameter)
    task.extra["projection"] = projection = projection.to(task.views.device)

    def loss_fn(step):
        rows, inputs, teacher = task.batch(step)
        wanted = task.labels.features(rows, cached_view(task, step))
        features = task.model.features(inputs)
        student = task.model.head(features).float()
        apart = (projection(features).float() - (wanted - mean) / spread.sqrt()).square()
        apart = apart.sum(1) / 2
        loss = task.mean(kd(student, teacher, task.how.temperature) + apart, teacher)
        return loss, {**followed(student, teacher), "hint": apart.mean()}

    return loss_fn


def cached_view(task: Task, step: int) -> int:
    """The view of the cache that the labels of a step are of: see ``distillation.replayed``."""
    if task.how.views == "fixed":
        return 0
    return 1 + step // task.views.per_epoch % task.labels.views


def moments(parts: Callable[[], Iterable[Tensor]]) -> tuple[Tensor, Tensor]:
    """The mean (D,) of rows (n, D) and their mean squared distance to it.

    Args:
        parts: gives the rows, a part at a time: all of them may not fit the memory.
    """
    count = sum(len(part) for part in parts())
    mean = sum(part.double().sum(0) for part in parts()) / count
    spread = sum((part.double() - mean).square().sum() for part in parts()) / count
    return mean.float(), spread.float().clamp_min(1e-12)
