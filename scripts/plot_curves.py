"""Learning curves: how well each network fits what it is trained on, by step.

Fit is the share of training inputs, as augmented, on which a network says what its
training signal says: the true label, or the teacher's largest logit. No test data.
Lines are means over seeds, bands run from the lowest seed to the highest. More rows of a
kind than can be told apart are drawn as one crowd, without bands. Every point is the mean
of a whole epoch: the part of one that a run may end with is left out.

    python scripts/plot_curves.py --history history.parquet --figures curves.pdf
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import explorer, figures, ladder, presentation
from distilshift.files import tables

import matplotlib.pyplot as plt
import pandas as pd


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--history", type=Path, required=True, help="from summarize")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    presentation.add_arguments(made)
    return made


def looks(history: pd.DataFrame) -> dict[str, dict]:
    """How each row's line is drawn: the kinds by colour, the rows of a kind by dash and shade."""
    rows = history[["row", "method"]].drop_duplicates()
    found: dict[str, dict] = {}
    for kind, of_kind in rows.groupby(rows["method"].map(figures.kind), sort=False):
        found |= figures.looks(list(of_kind["row"].unique()), [figures.COLOURS[kind]], kind)
    return found


def main(args: argparse.Namespace) -> None:
    figures.style()
    history = explorer.whole_epochs(tables.read(args.history, "summarize").dropna(subset=["fit"]))
    rounds = history["round"].max()
    history["row"] = [
        ladder.label(m, a, r, rounds)
        for m, a, r in zip(history["method"], history["adaptation"], history["round"], strict=True)
    ]
    shown = presentation.given(args)
    history = shown.rows(history)
    cells = list(history.groupby(ladder.CELL, sort=False))
    columns = figures.columns(len(cells), shown.width)
    lines = -(-len(cells) // columns)
    size = (shown.width or figures.PAGE, 2.1 * lines + 0.5)
    figure, axes = plt.subplots(lines, columns, figsize=size, sharey=True, squeeze=False)
    lowest = 10 * (100 * history["fit"].min() // 10)
    drawn = looks(history)
    for axis, (cell_of, cell) in zip(axes.flat, cells, strict=False):
        for name, row in cell.groupby("row", sort=False):
            look, fit = drawn[name], (100 * row["fit"]).groupby(row["step"])
            fit = fit.agg(["mean", "min", "max"])
            if look["label"] == name:  # not of a crowd
                band = {"color": look["color"], "alpha": 0.12, "lw": 0}
                axis.fill_between(fit.index, fit["min"], fit["max"], **band)
            axis.plot(fit.index, fit["mean"], **look)
        axis.set_title(figures.title(*cell_of))
        axis.set_ylim(lowest, 100)
        axis.set_xlabel("step")
    for axis in axes.flat[len(cells) :]:
        axis.set_visible(False)
    axes[0, 0].set_ylabel("fit to the training signal, %")
    figures.legend(figure, drawn.values())
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
