"""Confusion on the target's test half, source-only beside distilled.

Counts of all seeds together, each row (true class) in percent. The distilled student is
the last that is shown: of the config's last adaptation, method and round, if none is
chosen; its title says the round, where there are several. Shades grow with the root of the
share, so that errors of a few percent show; a class without a row in that half is grey.

    python scripts/plot_confusion.py --confusion confusion.parquet --figures confusion.pdf
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, ladder, presentation
from distilshift.files import tables
from distilshift.glyphs import drawable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import PowerNorm

MOST, LONGEST = 20, 14  # class names along an axis, and characters of one
ABSENT = "0.85"  # the grey of a class of whose rows nothing is known


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--confusion", type=Path, required=True, help="from summarize")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    presentation.add_arguments(made)
    return made


def class_names(confusion: pd.DataFrame) -> list[str]:
    """The classes of a transfer by number, as rows of source and target have them.

    A target may lack some that no row predicts. Blank is one that neither has.
    """
    ends = zip(("label", "prediction"), ("class", "predicted_class"), strict=True)
    known = {n: name for pair in ends for n, name in confusion[[*pair]].itertuples(index=False)}
    return [known.get(number, "") for number in range(max(known) + 1)]


def shortened(name: str) -> str:
    return drawable(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")


def matrix(counts: pd.DataFrame, classes: int) -> np.ndarray:
    """Percent of each true class (row) given each prediction (column); nan of one without rows."""
    cells = np.zeros((classes, classes))
    np.add.at(cells, (counts["label"], counts["prediction"]), counts["count"])
    rows = cells.sum(1, keepdims=True)
    return 100 * cells / np.where(rows, rows, np.nan)


def last_row(cell: pd.DataFrame, how: presentation.Presentation, rounds: int) -> pd.Series:
    """The distilled row of a cell that is shown: the config's last, whatever is drawn first.

    Raises:
        InputError: none of the cell's is shown.
    """
    rows = cell[ladder.is_distilled(cell["method"])][ladder.ROW].drop_duplicates()
    known = rows[["method", "adaptation", "round"]].itertuples(index=False)
    rows["row"] = [ladder.label(*row, rounds) for row in known]
    return how.some_rows(rows).sort_index().iloc[-1]


def main(args: argparse.Namespace) -> None:
    figures.style()
    columns = [*ladder.ROW, "domain", *tables.PAIR, "count"]
    confusion = tables.read(args.confusion, "summarize", columns)
    names = {of: class_names(rows) for of, rows in confusion.groupby("transfer", sort=False)}
    confusion = confusion[confusion["domain"] == "target"]
    rounds = confusion["round"].max()
    same = len({tuple(classes) for classes in names.values()}) == 1
    cells = list(confusion.groupby(ladder.CELL, sort=False))
    how = presentation.given(args)
    lasts = [last_row(cell, how, rounds) for _, cell in cells]
    columns = figures.columns(len(cells), how.width)
    lines = -(-len(cells) // columns)
    page = figures.PAGE if columns > 1 else figures.PAGE / 2  # squares fill no more
    size = (how.width or page, 3.9 * lines)
    colours = plt.colormaps["Blues"].with_extremes(bad=ABSENT)
    figure, axes = plt.subplots(
        2 * lines, columns, figsize=size, sharex=same, sharey=same, squeeze=False
    )
    pairs = axes.reshape(lines, 2, columns).transpose(0, 2, 1).reshape(-1, 2)
    for pair, (cell_of, cell), last in zip(pairs, cells, lasts, strict=False):
        chosen = (cell[ladder.ROW] == last[ladder.ROW]).all(axis=1)
        pictured = {
            how.labels.get("source-only", "source-only"): cell[cell["method"] == "source-only"],
            last["row"]: cell[chosen],
        }
        for axis, (title, counts) in zip(pair, pictured.items(), strict=True):
            classes = names[cell_of[0]]
            shares = matrix(counts, len(classes))
            image = axis.imshow(shares, cmap=colours, norm=PowerNorm(0.5, 0, 100))
            of_pair = f"{figures.title(*cell_of)}\n" if axis is pair[0] else ""
            axis.set_title(of_pair + figures.wrapped(title))
            ticks = range(0, len(classes), -(-len(classes) // MOST))
            shown = [shortened(classes[number]) for number in ticks]
            axis.set_xticks(ticks, shown, rotation=90 if max(map(len, shown)) > 2 else 0)
            axis.set_yticks(ticks, shown)
        pair[1].set_xlabel("predicted class")
    for axis in pairs[len(cells) :].flat:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("true class")
    marks = {"ticks": [0, 2, 10, 25, 50, 100], "label": "% of the true class"}
    figure.colorbar(image, ax=axes, shrink=0.6, aspect=20 * lines, **marks)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
