"""Confusion on the target's test half, source-only beside distilled.

Counts of all seeds together, each row (true class) in percent. The distilled student is
the one from the last adaptation, method and round of the config. Shades grow with the
root of the share, so that errors of a few percent show.

    python scripts/plot_confusion.py --confusion confusion.parquet --figures confusion.pdf
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, ladder
from distilshift.files import tables

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import PowerNorm


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--confusion", type=Path, required=True, help="from summarize")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    return made


def matrix(counts: pd.DataFrame, classes: int) -> np.ndarray:
    """Percent of each true class (row) given each prediction (column)."""
    cells = np.zeros((classes, classes))
    np.add.at(cells, (counts["label"], counts["prediction"]), counts["count"])
    return 100 * cells / cells.sum(1, keepdims=True).clip(min=1)


def main(args: argparse.Namespace) -> None:
    figures.style()
    confusion = tables.read(args.confusion, "summarize")
    confusion = confusion[confusion["domain"] == "target"]
    classes = int(confusion[["label", "prediction"]].max().max()) + 1
    cells = list(confusion.groupby(ladder.CELL, sort=False))
    columns = min(4, len(cells))
    lines = -(-len(cells) // columns)
    size = (figures.PAGE, 3.9 * lines)
    figure, axes = plt.subplots(
        2 * lines, columns, figsize=size, sharex=True, sharey=True, squeeze=False
    )
    pairs = axes.reshape(lines, 2, columns).transpose(0, 2, 1).reshape(-1, 2)
    for pair, (cell_of, cell) in zip(pairs, cells, strict=False):
        distilled = cell[~cell["method"].isin(["teacher", "source-only", "oracle"])]
        last = distilled.iloc[-1]
        chosen = (
            distilled[["method", "adaptation", "round"]] == last[["method", "adaptation", "round"]]
        ).all(axis=1)
        name = ladder.label(last["method"], last["adaptation"])
        shown = {
            "source-only": cell[cell["method"] == "source-only"],
            name: distilled[chosen],
        }
        for axis, (title, counts) in zip(pair, shown.items(), strict=True):
            image = axis.imshow(matrix(counts, classes), cmap="Blues", norm=PowerNorm(0.5, 0, 100))
            of_pair = f"{figures.title(*cell_of)}\n" if axis is pair[0] else ""
            axis.set_title(of_pair + figures.wrapped(title))
            ticks = range(0, classes, max(1, classes // 10))
            axis.set_xticks(ticks)
            axis.set_yticks(ticks)
        pair[1].set_xlabel("predicted class")
    for axis in pairs[len(cells) :].flat:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("true class")
    shares = [0, 2, 10, 25, 50, 100]
    figure.colorbar(
        image, ax=axes, label="% of the true class", shrink=0.6, aspect=20 * lines, ticks=shares
    )
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
