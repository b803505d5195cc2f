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

A domain may be of several sub-domains: a shift with a ``subdomain`` meets the rows of that one
alone. Their numbers run from 0 to the largest that a shift of the domain names; which one a row
is in is drawn by its id.
"""

import json
import math

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
    "fewer_subdomains": "priors:fewer_subdomains",
}
THINNING = ("fewer_rows", "fewer_classes", "fewer_subdomains")
COUNTED = ("fewer_rows",)
STRENGTHS = {"label_shift": (1, False)}
MOST_SUBDOMAINS = 100


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
    if not pairs.keys() <= {"strength", "seed", "subdomain"} or "strength" not in pairs:
        form = "kind:strength=NUMBER[,seed=NUMBER][,subdomain=NUMBER]"
        raise InputError("--shift", f"{text} is not {form}")
    try:
        values = {key: json.loads(value) for key, value in pairs.items()}
    except (ValueError, RecursionError):
        raise InputError("--shift", f"{text} holds what is no number") from None
    if not all(type(value) in (int, float) and abs(value) < math.inf for value in values.values()):
        raise InputError("--shift", f"{text} holds what is no number")
    if not isinstance(values.get("seed", 0), int):
        raise InputError("--shift", f"seed is a whole number, got {values['seed']}")
    if not valid(kind, name, values["strength"]):
        raise InputError("--shift", f"{name} has no strength {values['strength']}")
    if (of := values.get("subdomain", 0)) not in range(MOST_SUBDOMAINS):
        raise InputError("--shift", f"subdomain is 0 to {MOST_SUBDOMAINS - 1}, got {of}")
    if "subdomain" in values and name in ROW_SHIFTS:
        raise InputError("--shift", f"{name} chooses among all rows", "leave out its subdomain")
    return {"kind": name, **values}


def subdomains(ids: Tensor, specification: list[dict]) -> tuple[Tensor, int]:
    """Which sub-domain each sample is in: int64 (N,); and how many there are, one or more."""
    count = 1 + max((shift.get("subdomain", 0) for shift in specification), default=0)
    if count == 1:
        return torch.zeros(len(ids), dtype=torch.int64), 1
    return torch.tensor([seed_from("subdomain", i) % count for i in ids.tolist()]), count


def apply(
    kind: Kind,
    rows: Tensor,
    ids: Tensor,
    specification: list[dict],
    chunk: int = 4096,
    idle: set[int] | None = None,
) -> Tensor:
    """Apply shifts one after the other; those of ``ROW_SHIFTS`` change no row.

    Args:
        rows: (N, ...), as the kind keeps them.
        ids: int64 (N,), seeds of the random draws.
        specification: dicts with ``kind`` and ``strength``, and optionally ``seed`` and
            ``subdomain``.
        idle: places in the specification; those of shifts that change a row here are taken out.
    """
    package = kind.shifts
    within, _ = subdomains(ids, specification)
    for place, shift in enumerate(specification):
        if shift["kind"] not in package.SHIFTS:
            continue
        function = registry.load(package.__name__, package.SHIFTS[shift["kind"]])
        meant = within == shift.get("subdomain", within)
        if not meant.any():
            continue
        done = [rows[~meant]]
        order = torch.cat([(~meant).nonzero(), meant.nonzero()]).squeeze(1)
        for some in order[len(done[0]) :].split(chunk):
            draws = _draws(ids[some], shift, place)
            done.append(function(rows[some], draws, shift["strength"]))
        before, rows = rows, torch.cat(done)[order.argsort()]
        if idle and place in idle and not torch.equal(rows, before):
            idle.remove(place)
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
            groups, count = labels, classes
            if shift["kind"] == "fewer_subdomains":
                groups, count = subdomains(ids, specification)
            drawn = generator("classes", shift["kind"], shift.get("seed", 0))
            order = torch.randperm(count, generator=drawn)
            draws = _draws(ids[left], shift, place)
            left = left[function(groups[left], draws, order, shift["strength"])]
    keep = torch.zeros(len(labels), dtype=torch.bool)
    keep[left] = True
    return keep


def _draws(ids: Tensor, shift: dict, place: int) -> Draws:
    stream = (shift["kind"], place, shift.get("seed", 0))
    return [np.random.default_rng(seed_from(*stream, i)) for i in ids.tolist()]
