"""Distilling a student from a teacher's soft labels. No label of the target is seen here.

Which view of an image the labels belong to (``VIEWS``), and how a student learns from
them (``METHODS``), are told apart: any method goes with any source of labels.

To add a way of seeing write ``see(views, labels, teacher) -> batch`` and name it in
``VIEWS``; ``batch`` maps the step to (rows, images, the teacher's logits).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from distilshift import augmentation
from distilshift.logits import Cache, Spool
from distilshift.training import Views

Batch = tuple[Tensor, Tensor, Tensor]  # rows (n,), images (n, C, H, W), logits (n, classes)
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
    is patient and consistent", arXiv:2106.05237, section 3.1.
    """

    def batch(step):
        rows = views.indices(step)
        view = 1 + step // views.per_epoch % labels.views
        images = augmentation.see(views.images[rows], labels.parameters(rows, view))
        return rows, images, labels.logits(rows, view)

    return batch


def online(views: Views, labels: Labels, teacher: nn.Module | None) -> See:
    """The labels that the teacher itself, in evaluation mode, gives what the student sees."""
    teacher.requires_grad_(False)

    def batch(step):
        rows = views.indices(step)
        images = views.view(rows, step)
        with torch.autocast(images.device.type, enabled=False):  # as the cache, in float32
            return rows, images, teacher(images.float())

    return batch


VIEWS: dict[str, Callable[[Views, Labels, nn.Module | None], See]] = {
    "fixed": fixed,
    "replayed": replayed,
    "online": online,
}
