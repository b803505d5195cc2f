"""Whether an adaptation is to be believed, asked without a label of the target.

What an adaptation maximises cannot tell whether it went well: predictions become sure, right
or wrong. What can is that runs from one teacher, which differ in the order and the views of
their rows alone, end in the same labels where the data hold them there, and apart where they
do not. On digits, networks that adaptation had helped agreed on 0.78 of the rows or more, those
that it had not on 0.71 or less, pair by pair (docs/adaptation.md). Of runs that
agree so far some still settle on two groups exchanged; these are less sure than those that do
not, so the surest is kept.

Source of the idea: Nakkiran, Bansal, "Distributional Generalization", arXiv:2009.08092, and
Jiang et al., "Assessing Generalization of SGD via Disagreement", arXiv:2106.13799: two runs
disagree as often as they err, if they are calibrated together.
"""

import copy
import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from distilshift import cli
from distilshift.data.domains import Inputs
from distilshift.learning import adaptation, alignment
from distilshift.learning.settings import Run
from distilshift.networks import Network

import torch
import torch.nn.functional as F
from torch import Tensor

AGREED = 0.8  # of the rows, the mean of all pairs of runs, from which they are believed
AGAIN = ("again", "third", "fourth", "fifth")  # the runs beside the first, by their streams
COVERED = 0.5  # of the classes, below which a teacher is nothing to fall back to


def information(logits: Tensor) -> float:
    """H(mean_i p_i) - mean_i H(p_i) in nats: how sure, and how diverse, predictions are."""
    return -alignment.information_maximisation(logits).item()


def agreement(logits: Tensor, others: Tensor) -> float:
    """Share of the rows that both (N, C) give the same class."""
    return (logits.argmax(1) == others.argmax(1)).float().mean().item()


def coverage(logits: Tensor) -> float:
    """exp(H(shares of the predicted classes)) / C: 1 where all are predicted alike."""
    classes = logits.shape[1]
    shares = F.one_hot(logits.argmax(1), classes).double().mean(0)
    return (-torch.special.xlogy(shares, shares).sum()).exp().item() / classes


class Adapted(NamedTuple):
    """A teacher after an adaptation, and its history."""

    model: Network
    history: list[dict]


Fit = Callable[..., Adapted]


def trial(run: Run, name: str) -> Run:
    """The run, with the state of a trial of that name beside its own."""
    return dataclasses.replace(run, state=run.state and Path(f"{run.state}.{name}"))


def believed(teacher: Network, target: Inputs, run: Run, fit: Fit) -> tuple[Adapted, dict]:
    """The adapted teacher, or the teacher with the target's statistics; and what was measured.

    Where a pose was found, it is adapted in that pose and without, and the surer start is kept
    (``information``). From there it is adapted ``AGAIN``, by other batches, and the surest of these
    runs is what is believed: unless they agree on fewer than ``AGREED`` of the rows, in the mean
    of their pairs. Then the teacher stays as it is, but for one that knows next to no class
    itself (``COVERED``).

    Args:
        fit: adapts a teacher and leaves it alone: ``fit(teacher, run, *stream)``.
    """
    plain = copy.deepcopy(teacher)
    plain.pose = None
    starts = [teacher]
    if teacher.pose and any(teacher.pose):
        starts.append(plain)
    tried = [
        fit(start, its) for start, its in zip(starts, [run, trial(run, "plain")], strict=False)
    ]
    logits = [adaptation.said(one.model, target) for one in tried]
    known = list(map(information, logits))
    surest = known.index(max(known))
    runs = [tried[surest], *(fit(starts[surest], trial(run, name), name) for name in AGAIN)]
    labels = [logits[surest], *(adaptation.said(one.model, target) for one in runs[1:])]
    sure = list(map(information, labels))
    pairs = list(itertools.combinations(labels, 2))
    alike = sum(agreement(*pair) for pair in pairs) / len(pairs)
    measured = {
        "starts": [round(one, 4) for one in known],
        "runs": [round(one, 4) for one in sure],
        "agreement": round(alike, 4),
        "believed": True,
    }
    found = runs[sure.index(max(sure))]
    if alike < AGREED:
        unadapted = adaptation.target_statistics(plain, target)
        measured["coverage"] = round(coverage(adaptation.said(unadapted, target)), 4)
        if measured["coverage"] >= COVERED:
            found, measured["believed"] = Adapted(unadapted, []), False
    cli.log.info("guard: %s", measured)
    return found, measured
