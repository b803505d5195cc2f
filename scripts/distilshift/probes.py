"""What is asked of a network besides its answers: features, gradients, shifts, attacks.

Of rows as networks see them, (N, ...), in batches: each network is in evaluation mode, so that a
row's answer hangs on that row alone.
"""

from collections.abc import Callable
from pathlib import Path

from distilshift import networks
from distilshift.data import domains
from distilshift.seeds import generator
from distilshift.settings import Settings

import numpy as np
import torch
from torch import Tensor, nn

BATCH = 128
ROWS = 512  # that a network is asked about, at most
STRENGTHS = (0.5, 1.0, 2.0)  # of shifts, times the ranges that students are trained with
STEPS = 5  # of an attack
REACH = 0.25  # of an attack, in standard deviations of the rows' values


def in_batches(function: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """The function of the tensors' rows, a batch at a time."""
    parts = zip(*(tensor.split(BATCH) for tensor in tensors), strict=True)
    return torch.cat([function(*part) for part in parts])


@torch.inference_mode()
def logits(model: nn.Module, seen: Tensor) -> Tensor:
    """float32 (N, C), as the network itself gives them."""
    return in_batches(model, seen).float()


@torch.inference_mode()
def features(model: nn.Module, seen: Tensor) -> Tensor:
    """float32 (N, width): what the last layer reads."""
    return in_batches(model.features, seen).float()


def input_gradients(model: nn.Module, seen: Tensor, labels: Tensor) -> Tensor:
    """How the score of each row's label hangs on its input: (N, ...), as the rows are.

    The score is the label's logit less the mean of all of them: softmax knows no constant that
    is added to every logit, and its gradient would be in no network's answer.

    Source: Simonyan, Vedaldi, Zisserman, "Deep Inside Convolutional Networks",
    arXiv:1312.6034, section 3, whose score is the logit itself.
    """

    def of_batch(rows: Tensor, truth: Tensor) -> Tensor:
        rows = rows.detach().requires_grad_()
        scores = model(rows)
        score = scores.gather(1, truth[:, None]).sum() - scores.mean(1).sum()
        return torch.autograd.grad(score, rows)[0]

    return in_batches(of_batch, seen, labels)


def attacked(model: nn.Module, seen: Tensor, labels: Tensor, reach: float) -> Tensor:
    """Rows (N, ...) moved by at most ``reach`` in each value so that the network errs on them.

    Of each step x <- clip(x + 2.5 reach / ``STEPS`` sign(d loss / d x)), clipped to the reach
    around the row and to -1..1, where rows are; the loss is the cross-entropy of the label.
    Nothing in it is random. One step of ``reach`` would be the fast gradient sign.

    Source: Kurakin, Goodfellow, Bengio, "Adversarial examples in the physical world",
    arXiv:1607.02533, section 2.2; the step's size of Madry et al., arXiv:1706.06083, appendix.
    """

    def of_batch(rows: Tensor, truth: Tensor) -> Tensor:
        low, high = (rows - reach).clamp(min=-1), (rows + reach).clamp(max=1)
        moved = rows
        for _ in range(STEPS):
            moved = moved.detach().requires_grad_()
            loss = nn.functional.cross_entropy(model(moved), truth, reduction="sum")
            step = torch.autograd.grad(loss, moved)[0].sign()
            moved = (moved + 2.5 * reach / STEPS * step).clamp(low, high)
        return moved.detach()

    return in_batches(of_batch, seen, labels)


class Few:
    """A few rows, drawn by a seed, that networks are asked about again.

    Attributes:
        rows: int64 (n,), where they are among the domain's.
        reach: of attacks; None where rows are no numbers that a gradient could be of.

    Args:
        labels: int64 (N,) of all rows.
        ranges: of the views that stand for small shifts.
    """

    def __init__(self, data: domains.Inputs, labels: Tensor, ranges: Settings):
        name, views = data.header["domain"], data.kind.views
        order = torch.randperm(len(labels), generator=generator("transferred rows", name))
        self.data, self.rows = data, order[:ROWS]
        self.plain = data._replace(features=None)
        self.labels = labels[self.rows].to(data.device)
        drawn = views.draw(len(self.rows), ranges, "transferred shifts", name)
        self.shifts = {s: views.strengthen(drawn, s) for s in STRENGTHS}
        self.seen = self.plain.plain(self.rows)
        self.reach = None
        if self.seen.is_floating_point():
            self.reach = REACH * self.seen.std().item()

    def load(self, path: Path) -> networks.Network:
        return networks.load_weights(path, "train_teacher", self.data.device)[0]

    def has_gradient(self, model: networks.Network) -> bool:
        """Whether its answers have a gradient with regard to the input."""
        return self.reach is not None and not networks.is_frozen(model)

    def ask(self, path: Path) -> tuple[np.ndarray, np.ndarray | None, dict[float, np.ndarray]]:
        """Features (n, width), gradients (n, ...) without channels, changes (n, C) by strength.

        None, or no change, where there is none: a frozen part is asked about plain rows alone,
        as what it makes of them is kept.
        """
        model, gradients, changes = self.load(path), None, {}
        if self.has_gradient(model):
            gradients = input_gradients(model, self.seen, self.labels)
            gradients = as_array(gradients.sum(1) if gradients.dim() > 3 else gradients)
        if not networks.is_frozen(model):
            still = logits(model, self.seen)
            for strength, parameters in self.shifts.items():
                shifted = self.plain.see(self.rows, parameters)
                changes[strength] = as_array(logits(model, shifted) - still)
        seen = networks.as_read(model, self.data).plain(self.rows)
        return as_array(features(model, seen)), gradients, changes

    def right(self, model: networks.Network, seen: Tensor) -> np.ndarray:
        """bool (n,)."""
        return as_array(logits(model, seen).argmax(1) == self.labels)

    def attack(self, path: Path) -> tuple[Tensor, np.ndarray] | None:
        """How far an attack moves each row, (n, ...), and whether it fools that network, (n,)."""
        model = self.load(path)
        if not self.has_gradient(model):
            return None
        there = attacked(model, self.seen, self.labels, self.reach)
        return there - self.seen, self.right(model, self.seen) & ~self.right(model, there)

    def withstood(self, path: Path, *moves: Tensor) -> list[np.ndarray] | None:
        """Whether a network is right on the rows, and on those moved by each of ``moves``."""
        model = self.load(path)
        if not self.has_gradient(model):
            return None
        moved = [(self.seen + move).clamp(-1, 1) for move in moves]
        return [self.right(model, seen) for seen in (self.seen, *moved)]


def as_array(tensor: Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
