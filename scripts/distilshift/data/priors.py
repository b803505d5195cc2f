"""Shifts of which samples a domain holds: they change no row and no label.

A shift of rows is ``shift(labels, draws, order, strength) -> keep``: labels int64 (N,) of
the rows that shifts before it left, one generator a sample, the classes in an order that
the seed draws, and out comes a bool (N,). Nothing is drawn twice, so that sample ids stay
unique; the list of classes stays whole, so that the networks of both domains keep the same
outputs. No draw hangs on the strength: what a dial keeps at one point is among what it
keeps at a milder one.
"""

from collections.abc import Callable

from distilshift.data.draws import Draws, uniform
from distilshift.errors import InputError

import torch
from torch import Tensor

RowShift = Callable[[Tensor, Draws, Tensor, float], Tensor]


def label_shift(labels: Tensor, draws: Draws, order: Tensor, strength: float) -> Tensor:
    """Other class priors, a long tail: the last class keeps 1 - ``strength`` of its samples.

    Of the class at place r of K, (1 - strength) ** (r / (K - 1)) is kept: 0.9 makes the
    first class ten times as common as the last (if they were as common before).
    """
    places = torch.empty_like(order)
    places[order] = torch.arange(len(order))
    kept = (1 - strength) ** (places / max(1, len(order) - 1))
    return uniform(draws, 1).squeeze(1) < kept[labels]


def label_set(labels: Tensor, draws: Draws, order: Tensor, strength: float) -> Tensor:
    """``strength`` of the classes are missing, at least one class stays.

    On the target this is a partial transfer (the source knows more classes), on the
    source an open one (the target holds classes that no training label names).
    """
    missing = min(round(strength * len(order)), len(order) - 1)
    return ~torch.isin(labels, order[len(order) - missing :])


def fewer_rows(labels: Tensor, draws: Draws, order: Tensor, strength: float) -> Tensor:
    """``strength`` rows are left, those of the lowest draws; reads no label.

    Raises:
        InputError: there are not as many: a point of a dial would say a number that is not so.
    """
    if strength > len(labels):
        problem = f"fewer_rows is to leave {strength:g} training rows of {len(labels)}"
        raise InputError("--shift", problem, "lower its strength")
    keep = torch.zeros(len(labels), dtype=torch.bool)
    keep[uniform(draws, 1).squeeze(1).argsort(stable=True)[: int(strength)]] = True
    return keep


def fewer_classes(labels: Tensor, draws: Draws, order: Tensor, strength: float) -> Tensor:
    """``label_set``, of the training half alone: unlabelled rows of fewer classes."""
    return label_set(labels, draws, order, strength)


def fewer_subdomains(within: Tensor, draws: Draws, order: Tensor, strength: float) -> Tensor:
    """``strength`` of the sub-domains are missing, at least one stays; reads no label.

    Args:
        within: which sub-domain each row is in (N,), in place of labels; ``order`` is of these.

    Raises:
        InputError: there is one alone: a point of a dial would say a number that is not so.
    """
    if len(order) < 2:
        problem = "fewer_subdomains is to thin a domain none of whose shifts has a subdomain"
        raise InputError("--shift", problem, "name those of its parts")
    return label_set(within, draws, order, strength)
