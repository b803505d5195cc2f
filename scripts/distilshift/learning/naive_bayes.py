"""Naive Bayes over the parts of rows, fitted to labelled and unlabelled rows together.

A row is a set of parts of some sorts, such as a text's words and its n-grams. Pure functions of
which rows have which parts; no target label is seen.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

SMOOTHING = 0.5  # rows of each class in which every part is taken to have been seen besides
WITNESSES = 30  # that a row counts as, however many parts it has: those of one word say the same
ROUNDS = 10
SEEN = 2  # rows that a part must be in: of one alone nothing is learned of another
HASHES = 2**32


class Parts(NamedTuple):
    """Which of F parts are in which of N rows: Z pairs, by row and by part."""

    parts: Tensor  # (Z,), row by row
    row_begins: Tensor  # (N,), where a row's begin
    rows: Tensor  # (Z,), part by part
    part_begins: Tensor  # (F,), where a part's begin

    def of_rows(self, values: Tensor) -> Tensor:
        """Means over each row's parts (N, C) of what is said of parts (F, C); 0 of none."""
        return F.embedding_bag(self.parts, values, self.row_begins, mode="mean")

    def of_parts(self, values: Tensor) -> Tensor:
        """Sums over the rows that have each part (F, C) of what is said of rows (N, C)."""
        return F.embedding_bag(self.rows, values, self.part_begins, mode="sum")


def listed(batches: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
    """Which row has which part, once each: a number a pair, sorted, int64 (Z,).

    Args:
        batches: of rows, one after another, their hashes int32 (N, M) and which count (N, M).

    Returns:
        The row times 2**32, and the hash above the least there can be.
    """
    found, rows = [], 0
    for hashes, counted in batches:
        row = torch.arange(rows, rows + len(hashes), device=hashes.device)
        numbered = row[:, None] * HASHES + (hashes.long() + HASHES // 2)
        found.append(torch.unique(numbered[counted]))
        rows += len(hashes)
    return torch.cat(found)


def together(*sets: tuple[Tensor, int]) -> list[Parts]:
    """The parts, of one sort, of several sets of rows by one numbering; if ``SEEN`` rows have them.

    Args:
        sets: of each what ``listed`` gives, and how many rows it has.
    """
    hashes = torch.cat([pairs % HASHES for pairs, _ in sets])
    _, numbers, counts = torch.unique(hashes, return_inverse=True, return_counts=True)
    kept = counts >= SEEN
    renumbered, total, made = kept.cumsum(0) - 1, int(kept.sum()), []
    for (pairs, rows), of in zip(sets, numbers.split([len(p) for p, _ in sets]), strict=True):
        some = kept[of]
        row, part = pairs[some] // HASHES, renumbered[of[some]]
        by_part = torch.argsort(part, stable=True)
        made.append(Parts(part, _begins(row, rows), row[by_part], _begins(part, total)))
    return made


def _begins(numbers: Tensor, total: int) -> Tensor:
    """Where each of so many numbers would begin if they were sorted: (total,)."""
    return F.pad(torch.bincount(numbers, minlength=total).cumsum(0), (1, 0))[:-1]


def expectation_maximisation(
    sorts: Sequence[tuple[Parts, Parts]], labels: Tensor, classes: int, said: Tensor | None = None
) -> Tensor:
    """log p(class | parts) of the target's rows, (N, C).

    A row's p_c is in proportion to its parts' geometric mean of theta_cf to the power of
    ``WITNESSES``, the mean of the sorts' means; theta_cf of a sort to ``SMOOTHING`` and the weight
    of the rows of class c that have part f: by their labels the source's, and by p the target's,
    ``ROUNDS`` times anew. In each domain all classes weigh alike, whichever are more frequent, and
    both domains as many rows as the source has. A class of which the source has no row is no row's.

    Args:
        sorts: of parts that are told apart, those of the source and of the target (``together``).
        labels: of the source's rows (M,).
        said: p to begin with (N, C); without it by theta of the source's rows alone.

    Source: Nigam, McCallum, Thrun, Mitchell, "Text Classification from Labeled and Unlabeled
    Documents using EM", Machine Learning 39 (2000), equations 3 to 6, there of counts of words;
    the means in place of the product, and the weights, are this project's.
    """
    rows, p = len(labels), said
    shares = F.one_hot(labels, classes).float()
    unknown = shares.sum(0) == 0
    known = [weights(source, shares, rows) + SMOOTHING for source, _ in sorts]
    for _ in range(ROUNDS + 1):
        told = []
        for theta, (_, target) in zip(known, sorts, strict=True):
            if p is not None:
                theta = theta + weights(target, p, rows)
            told.append(target.of_rows((theta / theta.sum(0)).log()))
        means = torch.stack(told).mean(0).masked_fill(unknown, -math.inf)
        log_p = F.log_softmax(WITNESSES * means, dim=1)
        p = log_p.exp()
    return log_p


def weights(parts: Parts, shares: Tensor, rows: int) -> Tensor:
    """Of each part the weight of the rows that have it, by class (F, C).

    Args:
        shares: of each row in each class (N, C).
        rows: that all weigh together, each class as much as another.
    """
    even = shares / shares.sum(0).clamp_min(1e-9)
    return parts.of_parts(even * rows / shares.shape[1])
