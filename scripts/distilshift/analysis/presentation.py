"""How results are shown: a figure's width, and which rows, in what order, by what names.

A row may be named whole, ``dist (posed-joint)``, or by a part that several share: its
adaptation or its method.
"""

import argparse
import re
from typing import NamedTuple

from distilshift import cli, row_names
from distilshift.analysis import ladder
from distilshift.errors import InputError

import pandas as pd


class Presentation(NamedTuple):
    """What a config's ``figures`` says; all empty shows everything as it is.

    width: inches of a figure; None where each has its own.
    labels: what a row, an adaptation or a method is called instead.
    order: names of rows, or parts, that come first, in that order.
    only: names of those that are shown, in that order if there is no other; empty for all.
    headings: what a column of a LaTeX table is called instead, as LaTeX.
    """

    width: float | None = None
    labels: dict[str, str] = {}  # noqa: RUF012
    order: list[str] = []  # noqa: RUF012
    only: list[str] = []  # noqa: RUF012
    headings: dict[str, str] = {}  # noqa: RUF012

    def label(self, row: str, method: str, adaptation: str | None) -> str:
        """What a row is called, by its own name or by its parts."""
        if row in self.labels:
            return self.labels[row]
        if few := row_names.few_labels(method):
            behind = row_names.behind(few[1])
            return self.label(row.removesuffix(behind), few[0], adaptation) + behind
        method_shown = self.labels.get(method, method)
        if method in ("source-only", "oracle"):
            return method_shown
        after = row.removeprefix(f"{method} ({adaptation})")  # its round
        return f"{method_shown} ({self.labels.get(adaptation, adaptation)}){after}"

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Lines of ``frame`` (columns method, adaptation, row) as they are shown.

        Cells stay in their order; within one the rows stand in the order wanted, and
        ``rank``, where there is one, agrees with it.
        """
        known = frame[["row", "method", "adaptation"]].drop_duplicates("row")
        first = self.order or self.only
        places, labels = {}, {}
        for row, method, adaptation in known.itertuples(index=False):
            names = {row, method, adaptation}
            few = row_names.few_labels(method)
            if few and few[0] != "oracle":  # which is a row, and names no other
                names.add(few[0])
            if not self.only or names & set(self.only):
                at = next((at for at, name in enumerate(first) if name in names), len(first))
                places[row], labels[row] = at, self.label(row, method, adaptation)
        kept = frame[frame["row"].isin(list(places))]
        place = kept["row"].map(places).astype(int)
        if "rank" in kept:
            kept = kept.assign(rank=(ladder.RANKS["oracle"] + 1) * place + kept["rank"])
        kept = kept.assign(row=kept["row"].map(labels))
        cells = kept.groupby(ladder.CELL, sort=False).ngroup()
        keys = pd.DataFrame({"cell": cells, "place": place})
        return kept.loc[keys.sort_values(["cell", "place"], kind="stable").index]

    def some_rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The same for a figure that cannot be drawn of no row.

        Raises:
            InputError: none of them is shown.
        """
        kept = self.rows(frame)
        if kept.empty and not frame.empty:
            there = ", ".join(dict.fromkeys(frame["row"]))
            problem = f"shows no row of this figure: {', '.join(self.only)}"
            raise InputError("--only", problem, f"name one of {there}")
        return kept


def latex(text: str) -> str:
    """A label as LaTeX sets it."""
    words = {"\\": "textbackslash", "~": "textasciitilde", "^": "textasciicircum"}
    marks = {c: f"\\{word}{{}}" for c, word in words.items()}
    return text.translate(str.maketrans(marks | {c: f"\\{c}" for c in "&%#_${}"}))


DIGITS = ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"]


def macro(*names: str) -> str:
    """Names as one of LaTeX's: letters alone, each word and each digit with a capital."""
    words = re.findall(r"[a-z]+|\d", " ".join(names).lower())
    return "".join(DIGITS[int(word)] if word.isdigit() else word.capitalize() for word in words)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of a figure."""
    add_width(parser)
    add_rows(parser)


def add_width(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--width", type=cli.positive_float, help="inches of the figure")


def add_rows(parser: argparse.ArgumentParser, headings: bool = False) -> None:
    """The flags of what has rows; with ``headings`` those of a table that has columns too."""
    several = {"action": "append", "default": []}
    names = {**several, "metavar": "ROW"}
    pairs = {**several, "type": renamed, "metavar": "NAME=TEXT"}
    parser.add_argument("--label", **pairs, help="what a row, adaptation or method is called")
    parser.add_argument("--order", **names, help="these come first; also an adaptation or method")
    parser.add_argument("--only", **names, help="these alone are shown")
    if headings:
        parser.add_argument("--heading", **pairs, help="what a column of the LaTeX is called")


def renamed(text: str) -> tuple[str, str]:
    name, _, label = text.partition("=")
    if not (name and label):
        raise argparse.ArgumentTypeError(f"must be NAME=TEXT, got {text}")
    return name, label


def given(args: argparse.Namespace) -> Presentation:
    """The presentation as a script's flags have it."""
    width, headings = getattr(args, "width", None), dict(getattr(args, "heading", []))
    return Presentation(width, dict(args.label), args.order, args.only, headings)
