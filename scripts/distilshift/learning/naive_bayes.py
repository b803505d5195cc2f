"""Naive Bayes over the parts of rows, fitted to labelled and unlabelled rows together.

A row is a set of parts, such as a text's words, pairs of words and n-grams. Pure functions of
which rows have which parts; no target label is seen.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

SMOOTHING = 0.5  # of a row, that each part is taken to have been seen in more
TEMPERATURE = 3.0  # of what parts say together: n-grams of one word are no witnesses apart
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
        """Sums over each row's parts (N, C) of what is said of parts (F, C)."""
        return F.embedding_bag(self.parts, values, self.row_begins, mode="sum")

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
    """The parts of several sets of rows by one numbering; of those that ``SEEN`` rows have.

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
    source: Parts, labels: Tensor, target: Parts, classes: int, said: Tensor | None = None
) -> Tensor:
    """log p(class | parts) of the target's rows, (N, C).

    A row's p_c is in proportion to the product of its parts' theta_cf, to the power of 1 /
    ``TEMPERATURE``; theta_cf to ``SMOOTHING`` and the weight of the rows of class c that have part
    f: by their labels the source's, and by p the target's, ``ROUNDS`` times anew. In each domain
    all classes weigh alike, together as much as the source has rows, whichever are more frequent.

    Args:
        labels: of the source's rows (M,).
        said: p to begin with (N, C); without it by theta of the source's rows alone.

    Source: Nigam, McCallum, Thrun, Mitchell, "Text Classification from Labeled and Unlabeled
    Documents using EM", Machine Learning 39 (2000), equations 3 to 6, there of counts of words;
    the temperature, and classes that weigh alike, are this project's.
    """
    known = weights(source, F.one_hot(labels, classes).float(), len(labels))
    seen, p = known, said
    for _ in range(ROUNDS + 1):
        if p is not None:
            seen = known + weights(target, p, len(labels))
        theta = seen + SMOOTHING
        log_p = F.log_softmax(target.of_rows((theta / theta.sum(0)).log()) / TEMPERATURE, dim=1)
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
