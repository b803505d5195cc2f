"""Constructed shifts of a domain: one after the other, deterministic a sample.

A kind of data names its own in its package ``shifts``: ``SHIFTS``, names and where they
lie; ``STRENGTHS``, the largest strength of a dial where it is not 1, and whether it can be
reached; ``SEVERITIES``, those whose strength is a published severity, 1 to 5. A shift is
``shift(rows, draws, strength) -> rows``, of one shape and type; ``draws`` holds one random
generator a sample, seeded by its id, so that a row looks the same whatever is computed
beside it.

``ROW_SHIFTS`` hold for every kind: they choose samples and change no row. Those of
``THINNING`` choose among a domain's training half and leave its test half whole, so that all
points of their dial are measured on the same rows. The strength of those of ``COUNTED`` is
how many rows are left.
"""

import json

from distilshift import registry
from distilshift.data.draws import Draws
from distilshift.data.kinds import Kind
from distilshift.errors import InputError
from distilshift.seeds import generator, seed_from

import numpy as np
import torch
from torch import Tensor

ROW_SHIFTS = {
    "label_shift": "priors:label_shift",
    "label_set": "priors:label_set",
    "fewer_rows": "priors:fewer_rows",
    "fewer_classes": "priors:fewer_classes",
}
THINNING = ("fewer_rows", "fewer_classes")
COUNTED = ("fewer_rows",)
STRENGTHS = {"label_shift": (1, False)}


def known(kind: Kind) -> list[str]:
    """The names of all shifts that rows of this kind can undergo."""
    return [*kind.shifts.SHIFTS, *ROW_SHIFTS]


def valid(kind: Kind, name: str, strength: float) -> bool:
    """Whether a shift has such a strength: severities and rows are whole, a dial starts at 0."""
    if name in kind.shifts.SEVERITIES:
        return strength in (1, 2, 3, 4, 5)
    if name in COUNTED:
        return strength >= 1 and strength == int(strength)
    largest, is_reached = {**STRENGTHS, **kind.shifts.STRENGTHS}.get(name, (1, True))
    return 0 <= strength < largest or (is_reached and strength == largest)


def parsed(kind: Kind, text: str) -> dict:
    """``name:key=value,key=value`` as a dict; the values are numbers.

    Raises:
        InputError: no such shift of this kind, key or strength.
    """
    name, _, rest = text.partition(":")
    if name not in known(kind):
        raise InputError("--shift", f"{name} is none of {', '.join(known(kind))}")
    pairs = dict(pair.partition("=")[::2] for pair in rest.split(",") if pair)
    if not pairs.keys() <= {"strength", "seed"} or "strength" not in pairs:
        raise InputError("--shift", f"{text} is not kind:strength=NUMBER[,seed=NUMBER]")
    try:
        values = {key: json.loads(value) for key, value in pairs.items()}
    except ValueError:
        raise InputError("--shift", f"{text} holds what is no number") from None
    if not valid(kind, name, values["strength"]):
        raise InputError("--shift", f"{name} has no strength {values['strength']}")
    return {"kind": name, **values}


def apply(
    kind: Kind, rows: Tensor, ids: Tensor, specification: list[dict], chunk: int = 4096
) -> Tensor:
    """Apply shifts one after the other; those of ``ROW_SHIFTS`` change no row.

    Args:
        rows: (N, ...), as the kind keeps them.
        ids: int64 (N,), seeds of the random draws.
        specification: dicts with ``kind`` and ``strength``, and optionally ``seed``.
    """
    package = kind.shifts
    for place, shift in enumerate(specification):
        if shift["kind"] not in package.SHIFTS:
            continue
        function = registry.load(package.__name__, package.SHIFTS[shift["kind"]])
        done = []
        for some, some_ids in zip(rows.split(chunk), ids.split(chunk), strict=True):
            draws = _draws(some_ids, shift, place)
            done.append(function(some, draws, shift["strength"]))
        rows = torch.cat(done)
    return rows


def kept(
    labels: Tensor, ids: Tensor, classes: int, specification: list[dict], half: str = "train"
) -> Tensor:
    """Which samples of a half a domain holds: bool (N,); all, where none of its shifts chooses.

    Args:
        half: train or test; those of ``THINNING`` choose in the first alone.
    """
    left = torch.arange(len(labels))
    for place, shift in enumerate(specification):
        is_spared = half == "test" and shift["kind"] in THINNING
        if shift["kind"] in ROW_SHIFTS and not is_spared and len(left):
            function = registry.load("distilshift.data", ROW_SHIFTS[shift["kind"]])
            drawn = generator("classes", shift["kind"], shift.get("seed", 0))
            order = torch.randperm(classes, generator=drawn)
            draws = _draws(ids[left], shift, place)
            left = left[function(labels[left], draws, order, shift["strength"])]
    keep = torch.zeros(len(labels), dtype=torch.bool)
    keep[left] = True
    return keep


def _draws(ids: Tensor, shift: dict, place: int) -> Draws:
    stream = (shift["kind"], place, shift.get("seed", 0))
    return [np.random.default_rng(seed_from(*stream, i)) for i in ids.tolist()]
