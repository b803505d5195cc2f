"""Distilling a student from a teacher's soft labels. No label of the target is seen here.

Which view of an image the labels belong to (``VIEWS``), and how a student learns from
them (``METHODS``), are told apart.

To add a way of seeing write ``see(views, labels, teacher) -> batch`` and name it in
``VIEWS``; ``batch`` maps the step to (rows, inputs, the teacher's logits). To add a method
write ``method(task) -> loss_fn`` and name it in ``METHODS``; ``loss_fn`` maps the step to
(loss, measurements), and what it keeps beside the student it puts into ``task.extra``.
"""

import argparse
import dataclasses
from collections.abc import Callable

from distilshift import cli
from distilshift.files.logits import Cache, Spool
from distilshift.image import augmentation
from distilshift.learning import alignment, budgets, losses
from distilshift.learning.adaptation import target_statistics
from distilshift.learning.training import LossFn, Views
from distilshift.seeds import generator, seed_from

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTINGS = ("none", "confidence", "entropy")
SETTINGS = ("loss", "temperature", "views", "budget", "confidence", "weighting", "source_weight")
Batch = tuple[Tensor, Tensor, Tensor]  # rows (n,), inputs (n, C, H, W), logits (n, classes)
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

    def logits(self, rows: Tensor, view: int = 0) -> Tensor:
        """Of samples (n,) in that view: (n, classes) float32."""
        return self._logits(self._rows[view, rows])

    def parameters(self, rows: Tensor, view: int) -> Tensor:
        """How those samples are seen in that view: (n, 4)."""
        return self._parameters(self._rows[view, rows])


def _lookup(column: np.ndarray | Spool, on: torch.device) -> Callable[[Tensor], Tensor]:
    if isinstance(column, np.ndarray):
        values = torch.from_numpy(column).to(on)
        return lambda rows: values[rows].float()
    return lambda rows: torch.from_numpy(column[rows.cpu().numpy()]).to(on).float()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What a method is: ``SETTINGS``; the config's ``methods`` give them."""

    def budget(text: str) -> str:
        if not budgets.valid(text):
            problem = f"must be full, hard or top<k> such as top5, got {text}"
            raise argparse.ArgumentTypeError(problem)
        return text

    group = parser.add_argument_group("method")
    group.add_argument("--loss", choices=sorted(METHODS), default="kd")
    group.add_argument("--temperature", type=cli.positive_float, default=2.0)
    group.add_argument(
        "--views",
        choices=sorted(VIEWS),
        default="fixed",
        help="what the labels belong to: the plain image; the cached view that the student"
        " sees; any view that it sees, labelled by the teacher itself",
    )
    group.add_argument(
        "--budget", type=budget, default="full", help="of the teacher's probabilities"
    )
    group.add_argument(
        "--confidence",
        type=cli.non_negative_float,
        default=0.0,
        help="samples whose teacher's largest probability is below it are left out",
    )
    group.add_argument("--weighting", choices=WEIGHTINGS, default="none", help="of the samples")
    group.add_argument(
        "--source-weight",
        type=cli.non_negative_float,
        default=0.0,
        help="of the cross-entropy on the labelled source, whose files it needs",
    )


# ---- which view the labels belong to --------------------------------------------------


def fixed(views: Views, labels: Labels, teacher: nn.Module | None) -> See:
    """The labels of the plain image, whatever view the student sees."""

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
        inputs = augmentation.see(views.inputs[rows], labels.parameters(rows, view))
        return rows, inputs, labels.logits(rows, view)

    return batch


def online(views: Views, labels: Labels, teacher: nn.Module | None) -> See:
    """The labels that the teacher itself, in evaluation mode, gives what the student sees."""
    teacher.requires_grad_(False)

    def batch(step):
        rows = views.indices(step)
        inputs = views.view(rows, step)
        with torch.autocast(inputs.device.type, enabled=False):  # as the cache, in float32
            return rows, inputs, teacher(inputs.float())

    return batch


VIEWS: dict[str, Callable[[Views, Labels, nn.Module | None], See]] = {
    "fixed": fixed,
    "replayed": replayed,
    "online": online,
}


# ---- how a student learns from them ---------------------------------------------------


@dataclasses.dataclass
class Task:
    """What a method may use.

    Args:
        model: the student; is trained in place.
        views: of the unlabelled target inputs.
        labels: the teacher's cached logits.
        see: gives the batches, one of ``VIEWS``.
        args: ``temperature``, ``budget``, ``confidence``, ``weighting``, ``source_weight``,
            ``steps``, ``seed``.
        source: views of the labelled source, where its inputs join in.
        source_labels: of the source's inputs (M,).
    """

    model: nn.Module
    views: Views
    labels: Labels
    see: See
    args: argparse.Namespace
    source: Views | None = None
    source_labels: Tensor | None = None
    extra: nn.ModuleDict = dataclasses.field(default_factory=nn.ModuleDict)

    def batch(self, step: int) -> Batch:
        """A batch whose logits hold what the budget shows of the teacher's."""
        rows, inputs, teacher = self.see(step)
        return rows, inputs, self.shown(teacher)

    def shown(self, teacher: Tensor) -> Tensor:
        """What the budget leaves of the teacher's logits (n, C)."""
        full = self.args.budget == "full"
        return teacher if full else budgets.project(teacher, self.args.budget)

    def mean(self, values: Tensor, teacher: Tensor) -> Tensor:
        """The mean of a batch's losses (n,), weighted by ``weights``."""
        given = weights(teacher, self.args.confidence, self.args.weighting)
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
    largest = log_p.max(1).values.exp()
    given = {
        "none": torch.ones_like(largest),
        "confidence": largest,
        "entropy": (log_p.exp() * log_p).sum(1).exp(),
    }[weighting] * (largest >= confidence)
    return given / given.mean().clamp_min(1e-12)


def by(loss: Callable[[Tensor, Tensor, float], Tensor]) -> Method:
    """The method that minimises a loss of ``losses``, batch by batch."""

    def method(task: Task) -> LossFn:
        def loss_fn(step):
            _, inputs, teacher = task.batch(step)
            student = task.model(inputs)
            fit = (student.argmax(1) == teacher.argmax(1)).float().mean()
            return task.mean(loss(student, teacher, task.args.temperature), teacher), {"fit": fit}

        return loss_fn

    return method


class Memory(nn.Module):
    """Soft labels of every sample as a buffer, so that a resumed run goes on with the same."""

    def __init__(self, labels: Tensor):
        super().__init__()
        self.register_buffer("labels", labels)


def dine(task: Task, kept: float = 0.6, mixing: float = 0.3, refreshes: int = 10) -> LossFn:
    """A memory of smoothed labels that the student itself refreshes, mixup, and diversity.

    loss = KL(memory || student) + mean H(p) - H(mean p) + cross-entropy of the student on
    lambda x_i + (1 - lambda) x_j against lambda p_i + (1 - lambda) p_j (no gradient), with
    lambda from Beta(0.3, 0.3). T is 1. The memory (N, C) begins as the teacher's top-1
    probability with the rest spread evenly; ten times a run it would become 0.6 memory +
    0.4 student. Here that begins in the second half: from scratch, at a few hundred steps,
    the first refreshes put an untrained student in the teacher's place. They cost the
    authors' own code 17 and 22 points on the default digits (50.8 % against 67.3 %, 26.0 %
    against 47.7 %). The published student starts from ImageNet and does not meet this.

    Source: Liang et al., "DINE: Domain Adaptation from Single and Multiple Black-box
    Predictors", arXiv:2104.01539, section 3.
    """
    inputs, device = task.views.inputs, task.views.inputs.device
    every = max(1, task.args.steps // refreshes)
    parts = [
        budgets.project(task.shown(task.labels.logits(rows)), "top1").exp()
        for rows in torch.arange(len(inputs), device=device).split(4096)
    ]
    task.extra["memory"] = memory = Memory(torch.cat(parts))

    def loss_fn(step):
        if step % every == 0 and 2 * step >= task.args.steps:
            memory.labels.mul_(kept).add_(predictions(task), alpha=1 - kept)
        rows, seen, teacher = task.batch(step)
        labels = memory.labels[rows]
        student = task.model(seen)
        fitted = losses.divergence(F.log_softmax(student, dim=1), labels.clamp_min(1e-12).log())
        sure = alignment.information_maximisation(student)
        share, partner = mixup(len(rows), mixing, task.args.seed, step)
        partner = partner.to(device)
        p = F.softmax(student.detach(), dim=1)
        mixed = task.model(share * seen + (1 - share) * seen[partner])
        consistent = F.cross_entropy(mixed, share * p + (1 - share) * p[partner])
        fit = (student.argmax(1) == labels.argmax(1)).float().mean()
        measured = {"fit": fit, "im": sure, "mixup": consistent}
        return task.mean(fitted, teacher) + sure + consistent, measured

    return loss_fn


def mixup(count: int, mixing: float, seed: int, step: int) -> tuple[float, Tensor]:
    """How much of itself each of a batch's inputs keeps, and whom it is mixed with."""
    share = np.random.default_rng(seed_from("mixup", seed, step)).beta(mixing, mixing)
    return float(share), torch.randperm(count, generator=generator("partner", seed, step))


@torch.no_grad()
def predictions(task: Task) -> Tensor:
    """The student's probabilities on every plain image, by the target's statistics: (N, C)."""
    model = target_statistics(task.model, task.views.inputs)
    batches = task.views.inputs.split(1024)
    return torch.cat([F.softmax(model(augmentation.preprocess(i)), dim=1) for i in batches])


METHODS: dict[str, Method] = {
    **{name: by(loss) for name, loss in losses.DISTILLATION.items()},
    "dine": dine,
}


def loss_fn(name: str, task: Task) -> LossFn:
    """A method's loss, and where the source joins in, weight * cross-entropy on its labels.

    The domains' batches pass the student apart.
    """
    method = METHODS[name](task)
    if task.source is None:
        return method

    def both(step):
        loss, measured = method(step)
        rows = task.source.indices(step)
        logits = task.model(task.source.view(rows, step))
        fitted = F.cross_entropy(logits, task.source_labels[rows])
        return loss + task.args.source_weight * fitted, {**measured, "source": fitted}

    return both


def finished(name: str, task: Task) -> nn.Module:
    """The trained student, with BatchNorm statistics of the target alone.

    Where other inputs passed it too (the source's, mixtures), the target's plain inputs
    give new ones; else the running statistics are the target's already.
    """
    if task.source is None and name != "dine":
        return task.model
    return target_statistics(task.model, task.views.inputs)
