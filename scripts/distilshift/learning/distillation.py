"""Distilling a student from a teacher's soft labels.

No label of the target is seen here, but for the few of a student that is marked so.

Which view of a row the labels belong to (``VIEWS``), and how a student learns from them
(``losses``), are told apart.

To add a way of seeing write ``see(views, labels, teacher) -> batch`` and name it in
``VIEWS``; ``batch`` maps the step to (rows, inputs, the teacher's logits). A method of
``losses`` is ``method(task) -> loss_fn``; ``loss_fn`` maps the step to (loss,
measurements), and what it keeps beside the student it puts into ``task.extra``.
"""

import dataclasses
import itertools
from collections.abc import Callable
from typing import NamedTuple

from distilshift import cli, registry
from distilshift.errors import InputError
from distilshift.files.logits import Cache, Spool
from distilshift.learning import budgets, losses
from distilshift.learning.adaptation import target_statistics
from distilshift.learning.settings import Method as MethodSettings
from distilshift.learning.training import LossFn, Views

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Batch = tuple[Tensor, Tensor, Tensor]  # rows (n,), inputs (n, ...), logits (n, classes)
See = Callable[[int], Batch]


class Labels:
    """A cache's columns where batches are made.

    What fits is kept on the device; of a larger cache each batch is read from the disk.
    """

    def __init__(self, cache: Cache, on: torch.device):
        self.views = len(cache.rows) - 1
        self._rows = torch.from_numpy(cache.rows).to(on)
        self._logits = _lookup(cache.logits, on)
        self._parameters = _lookup(cache.parameters, on) if self.views else None
        self.width = cache.provenance.get("features", 0)
        self._features = _lookup(cache.features, on) if self.width else None

    def logits(self, rows: Tensor, view: int = 0) -> Tensor:
        """Of samples (n,) in that view: (n, classes) float32."""
        return self._logits(self._rows[view, rows])

    def features(self, rows: Tensor, view: int = 0) -> Tensor:
        """The teacher's features of samples (n,) in that view: (n, ``width``) float32."""
        return self._features(self._rows[view, rows])

    def parameters(self, rows: Tensor, view: int) -> Tensor:
        """How those samples are seen in that view: (n, 4)."""
        return self._parameters(self._rows[view, rows])


def _lookup(column: np.ndarray | Spool, on: torch.device) -> Callable[[Tensor], Tensor]:
    if isinstance(column, np.ndarray):
        values = torch.from_numpy(column).to(on)
        return lambda rows: values[rows].float()
    return lambda rows: torch.from_numpy(column[rows.cpu().numpy()]).to(on).float()


# ---- which view the labels belong to --------------------------------------------------


def fixed(views: Views, labels: Labels, teacher: nn.Module | None) -> See:
    """The labels of the plain row, whatever view the student sees."""

    def batch(step):
        rows = views.indices(step)
        return rows, views.view(rows, step), labels.logits(rows)

    return batch


def replayed(views: Views, labels: Labels, teacher: nn.Module | None) -> See:
    """The cached view and its labels: epoch e takes view 1 + e mod V.

    With as many views as epochs this is ``online`` without the teacher. The same view for
    both, as "consistent teaching": Beyer et al., "Knowledge distillation: A good teacher
    is patient and consistent", arXiv:2106.05237.
    """

    def batch(step):
        rows = views.indices(step)
        view = 1 + step // views.per_epoch % labels.views
        inputs = views.data.see(rows, labels.parameters(rows, view))
        return rows, inputs, labels.logits(rows, view)

    return batch


def online(views: Views, labels: Labels, teacher: nn.Module | None) -> See:
    """The labels that the teacher itself, in evaluation mode, gives what the student sees."""
    teacher.requires_grad_(False)

    def batch(step):
        rows = views.indices(step)
        inputs = views.view(rows, step)
        whole = inputs.float() if inputs.is_floating_point() else inputs
        with torch.autocast(inputs.device.type, enabled=False):  # as the cache, in float32
            return rows, inputs, teacher(whole)

    return batch


VIEWS: dict[str, Callable[[Views, Labels, nn.Module | None], See]] = {
    "fixed": fixed,
    "replayed": replayed,
    "online": online,
}


# ---- how a student learns from them ---------------------------------------------------


class Labelled(NamedTuple):
    """Rows with labels that a student sees beside the cache.

    views: of n rows, in batches of their own; labels: (n,); weight: of their cross-entropy.
    """

    views: Views
    labels: Tensor
    weight: float = 1.0


@dataclasses.dataclass
class Task:
    """What a method may use.

    Args:
        model: the student; is trained in place.
        views: of the unlabelled target rows.
        labels: the teacher's cached logits.
        see: gives the batches, one of ``VIEWS``.
        how: the method's settings.
        steps: how many there will be.
        seed: of the run.
        labelled: what joins in with labels, by what it is called in the history: the
            source; few target rows, of a student that is marked so.
        smoothing: of those labels.
    """

    model: nn.Module
    views: Views
    labels: Labels
    see: See
    how: MethodSettings
    steps: int
    seed: int
    labelled: dict[str, Labelled] = dataclasses.field(default_factory=dict)
    smoothing: float = 0.0
    extra: nn.ModuleDict = dataclasses.field(default_factory=nn.ModuleDict)

    def batch(self, step: int) -> Batch:
        """A batch whose logits hold what the budget shows of the teacher's."""
        rows, inputs, teacher = self.see(step)
        return rows, inputs, self.shown(teacher)

    def shown(self, teacher: Tensor) -> Tensor:
        """What the budget leaves of the teacher's logits (n, C)."""
        full = self.how.budget == "full"
        return teacher if full else budgets.project(teacher, self.how.budget)

    def mean(self, values: Tensor, teacher: Tensor) -> Tensor:
        """The mean of a batch's losses (n,), weighted by ``weights``."""
        if self.how.weighting == "none" and self.how.confidence == 0:
            return values.mean()  # as all would weigh 1, to the bit
        given = weights(teacher, self.how.confidence, self.how.weighting)
        return (given * values).mean()


Method = Callable[[Task], LossFn]


def weights(teacher: Tensor, confidence: float, weighting: str) -> Tensor:
    """How much each sample of a batch counts, (n,): mean 1, or all 0 where none is sure.

    Args:
        teacher: logits (n, C); their softmax p is taken at T = 1.
        confidence: samples with max p below it count nothing.
        weighting: "none" (the others count alike), "confidence" (max p) or "entropy"
            (exp(-H(p))).
    """
    log_p = F.log_softmax(teacher, dim=1)
    largest = largest_probability(teacher)
    given = {
        "none": torch.ones_like(largest),
        "confidence": largest,
        "entropy": (log_p.exp() * log_p).sum(1).exp(),
    }[weighting] * (largest >= confidence)
    return given / given.mean().clamp_min(1e-12)


@torch.no_grad()
def check_confidence(task: Task) -> None:
    """Refuse a confidence that no row reaches: its student would learn nothing, in silence.

    Looks once at the cache, at what the budget shows of it, and says how many rows are left.
    Of an ``online`` teacher too, whose views are not known before: there the plain rows tell.

    Raises:
        InputError: names the surest row's probability.
    """
    asked, surest, count = task.how.confidence, 0.0, 0
    if asked == 0:
        return
    views = range(1, task.labels.views + 1) if task.how.views == "replayed" else [0]
    everyone = torch.arange(task.views.count, device=task.views.device)
    for view, rows in itertools.product(views, everyone.split(4096)):
        largest = largest_probability(task.shown(task.labels.logits(rows, view)))
        surest = max(surest, float(largest.max()))
        count += int((largest >= asked).sum())
    if count == 0:
        problem = f"no row of the target reaches {asked:g}; the surest is {surest:.4g}"
        raise InputError("--confidence", problem, "lower it")
    share = 100 * count / (len(views) * task.views.count)
    cli.log.info("confidence %g: %.1f %% of the target's rows reach it", asked, share)


def largest_probability(teacher: Tensor) -> Tensor:
    """Max p (n,) of logits (n, C), T = 1."""
    return F.log_softmax(teacher, dim=1).max(1).values.exp()


@torch.no_grad()
def followed(student: Tensor, teacher: Tensor) -> dict[str, Tensor]:
    """How far a batch's students' classes are the teacher's, of logits or probabilities (n, C).

    ``fit`` is the share of samples of one class in both. ``coverage`` is exp(H(student) -
    H(teacher)), H the entropy of how often each class is named in the batch: 1 where the
    student names as many classes as the teacher, 1/2 where it names one of two alike.
    """
    one, other = student.argmax(1), teacher.argmax(1)
    each = torch.full((len(one),), 1 / len(one), device=one.device)
    shares = each.new_zeros(2, student.shape[1])
    for share, named in zip(shares, (one, other), strict=True):
        share.index_add_(0, named, each)
    of_student, of_teacher = -torch.special.xlogy(shares, shares).sum(1)
    fit = (one == other).float().mean()
    return {"fit": fit, "coverage": (of_student - of_teacher).exp()}


COVERED = 0.75  # the least coverage of a student that has not lost classes of its teacher


def collapse(history: list[dict]) -> str | None:
    """What is to be said of a training whose student ended with too few classes; else None."""
    coverage = history[-1]["coverage"]
    if coverage >= COVERED:
        return None
    return f"collapsed: it names {coverage:.2f} times as many classes as its teacher (coverage)"


def by(loss: Callable[[Tensor, Tensor, float], Tensor]) -> Method:
    """The method that minimises a loss of ``losses``, batch by batch."""

    def method(task: Task) -> LossFn:
        def loss_fn(step):
            _, inputs, teacher = task.batch(step)
            student = task.model(inputs)
            value = task.mean(loss(student, teacher, task.how.temperature), teacher)
            return value, followed(student, teacher)

        return loss_fn

    return method


def named(loss: str) -> Method:
    """The method of that name: a loss of every batch, or more than that."""
    package = losses.__name__
    if loss in losses.LOSSES:
        return by(registry.load(package, losses.LOSSES[loss]))
    return registry.find(package, losses.METHODS, loss, "--loss")


def loss_fn(name: str, task: Task) -> LossFn:
    """A method's loss, and where labelled rows join in, weight * cross-entropy on their labels.

    Their batches pass the student apart.

    Raises:
        InputError: there are fewer classes than the loss can tell apart, no more than the
            budget is to show, or no row is as sure as the confidence asks for.
    """
    classes, fewest = len(task.views.data.classes), losses.FEWEST_CLASSES.get(name, 2)
    if classes < fewest:
        problem = f"{name} cannot tell {classes} classes apart: it needs {fewest}"
        raise InputError("--loss", problem, "take kd, whose formula holds for two")
    shown = task.how.budget.removeprefix("top")
    if shown.isdecimal() and int(shown) >= classes:
        problem = f"{task.how.budget} of {classes} classes is all of them"
        raise InputError("--budget", problem, "take full")
    check_confidence(task)
    method = named(name)(task)
    if not task.labelled:
        return method

    def both(step):
        loss, measured = method(step)
        for called, (views, labels, weight) in task.labelled.items():
            rows = views.indices(step)
            logits, truth = task.model(views.view(rows, step)), labels[rows]
            fitted = F.cross_entropy(logits, truth, label_smoothing=task.smoothing)
            loss, measured = loss + weight * fitted, {**measured, called: fitted}
        return loss, measured

    return both


def finished(name: str, task: Task, freeze: str = "none") -> nn.Module:
    """The trained student, with BatchNorm statistics of the target alone.

    Where other inputs passed it too (labelled ones, mixtures), the target's plain rows
    give new ones; else the running statistics are the target's already.

    Args:
        freeze: what stayed as it began; statistics are among it, whichever that is.
    """
    if freeze != "none" or (not task.labelled and name not in losses.MIXING):
        return task.model
    return target_statistics(task.model, task.views.data)
