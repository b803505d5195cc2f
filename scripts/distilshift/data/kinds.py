"""Kinds of data: what a row is, and everything that is known of it alone.

A kind is a wing of this package, such as ``distilshift.image``. The wings are built alike,
and nothing else asks which one it has in hand:

    settings   ``Input``: what the config says of a row (its key is the kind's name);
               ``View`` and ``Source``: the ranges of augmentation; ``ADJUSTABLE``: the field
               of ``Input`` in which a network may see its rows otherwise, or None
    rows       ``STORED``: dtype and dimensions of a dataset's rows; ``conform``: rows as a
               domain keeps them, by an ``Input``, and ``shape``: of one of them
    views      ``PARAMETERS``: the names of a view's numbers, as many as there may be;
               ``draw``, ``strengthen``, ``see``, ``plain``, ``disturb``, and
               ``PREPROCESSING``, what ``plain`` does
    prepare    ``Prepare``: what a network does to its input, by facts that a header can hold
    networks   ``NETWORKS``: names of families; ``OTHERS``: who builds any other name, by how
               that begins
    shifts     ``SHIFTS``, ``STRENGTHS``, ``SEVERITIES``: see ``data.shifts``
    datasets   ``DATASETS``: names; ``FOLDER``: who reads a folder of the user's own
    reader     ``SUFFIXES`` of files, ``COLUMN`` of tables, and ``row``: what is in them as a
               dataset's row, for a network that is applied; see ``data.streams``
    show       ``draw``: rows on an axis, with their classes where it is ``LABELLED``; ``SAMPLES``
               and ``HEIGHT``; ``embed``: rows as texts for a page, which are pictures or
               texts, as ``ON_A_PAGE`` says

A wing may have more: ``registration`` and ``pose`` undo a shift that moves every row alike;
``limits`` knows what a network takes before it is built: ``complaint``, ``fewest_rows``, ``of``.

A network may do all of a pretrained body, never trained, in its ``prepare``. Such a part has
``FROZEN = True`` and ``facts``, its family in ``limits`` ``"frozen": True``; what it makes of a
domain's plain rows is then kept once for all jobs (``extract_features``).

To add one, write such a package and name it in ``KINDS``.
"""

import argparse
import functools
import importlib
import importlib.util
from types import ModuleType

from distilshift.errors import InputError

KINDS = ("image", "text", "audio")


class Kind:
    """A wing, its modules imported when they are asked for."""

    def __init__(self, name: str):
        self.name = name

    def __getattr__(self, module: str) -> ModuleType:
        if module.startswith("_"):
            raise AttributeError(module)
        return importlib.import_module(f"distilshift.{self.name}.{module}")

    def has(self, module: str) -> bool:
        """Whether the wing has a module that not all have."""
        return importlib.util.find_spec(f"distilshift.{self.name}.{module}") is not None


@functools.cache
def load(name: str) -> Kind:
    """The kind of that name.

    Raises:
        InputError: there is none; a file of another version may name it.
    """
    if name not in KINDS:
        raise InputError(f"kind of data {name}", "is unknown", f"allowed: {', '.join(KINDS)}")
    return Kind(name)


def add_arguments(parser: argparse.ArgumentParser, about: str) -> None:
    """The flags of the kind of data and of what a row is.

    Args:
        about: what ``--input`` says of the rows.
    """
    parser.add_argument("--data", choices=KINDS, default="image", help="the kind of data")
    several = {"action": "append", "default": [], "metavar": "NAME=VALUE"}
    parser.add_argument("--input", **several, help=f"{about}, e.g. size=16 channels=1")


def parameters(views: ModuleType, ranges: object) -> tuple[str, ...]:
    """The names of the numbers that a view of those ranges has: the first of ``PARAMETERS``."""
    return views.PARAMETERS[: views.draw(1, ranges, "names").shape[1]]
