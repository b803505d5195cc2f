"""Learning curves: how well each network fits what it is trained on, by step.

Fit is the share of training inputs, as augmented, on which a network says what its
training signal says: the true label, or the teacher's largest logit. No test data.
Lines are means over seeds, bands run from the lowest seed to the highest. More distilled
rows than can be told apart are drawn as one crowd, without bands.

    python scripts/plot_curves.py --history history.parquet --figures curves.pdf
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, ladder
from distilshift.files import tables

import matplotlib.pyplot as plt


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--history", type=Path, required=True, help="from summarize")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    return made


DASHES = ["-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1))]
CROWD = 12  # distilled rows whose lines and names are still told apart


def main(args: argparse.Namespace) -> None:
    figures.style()
    history = tables.read(args.history, "summarize").dropna(subset=["fit"])
    cells = list(history.groupby(ladder.CELL, sort=False))
    columns = min(4, len(cells))
    lines = -(-len(cells) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(figures.PAGE, 2.1 * lines + 0.5), sharey=True, squeeze=False
    )
    lowest = 10 * (100 * history["fit"].min() // 10)
    rows = history[["method", "adaptation", "round"]].drop_duplicates()
    distilled = (rows["method"].map(figures.kind) == "distilled").sum()
    labels: dict = {}
    styles: dict[str, dict] = {kind: {} for kind in figures.COLOURS}
    for axis, (cell_of, cell) in zip(axes.flat, cells, strict=False):
        for (method, adaptation, round_), row in cell.groupby(
            ["method", "adaptation", "round"], sort=False, dropna=False
        ):
            kind = figures.kind(method)
            name = ladder.label(method, adaptation, round_, history["round"].max())
            crowded = kind == "distilled" and distilled > CROWD
            if crowded:
                name = f"distilled ({distilled} rows)"
            style = styles[kind].setdefault(name, DASHES[len(styles[kind]) % len(DASHES)])
            fit = (100 * row["fit"]).groupby(row["step"]).agg(["mean", "min", "max"])
            colour = figures.COLOURS[kind]
            if not crowded:
                axis.fill_between(fit.index, fit["min"], fit["max"], color=colour, alpha=0.12, lw=0)
            width = 0.3 if crowded else 1
            (labels[name],) = axis.plot(fit.index, fit["mean"], ls=style, color=colour, lw=width)
        axis.set_title(figures.title(*cell_of))
        axis.set_ylim(lowest, 100)
        axis.set_xlabel("step")
    for axis in axes.flat[len(cells) :]:
        axis.set_visible(False)
    axes[0, 0].set_ylabel("fit to the training signal, %")
    figure.legend(labels.values(), labels.keys(), loc="outside lower center", ncols=4)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
