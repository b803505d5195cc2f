"""Figure 3, learning curves: how well each network fits what it is trained on, by step.

Fit is the share of training images, as augmented, on which a network says what its
training signal says: the true label, or the teacher's largest logit. No test data.

    python scripts/plot_curves.py --history history.parquet --figures curves.pdf
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

from distilshift import cli, figures, ladder, tables


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--history", type=Path, required=True, help="from summarize")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    return made


DASHES = ["-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1))]


def main(args: argparse.Namespace) -> None:
    figures.style()
    history = tables.read(args.history, "summarize").dropna(subset=["fit"])
    cells = list(history.groupby(ladder.CELL, sort=False))
    columns = min(4, len(cells))
    lines = -(-len(cells) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(figures.PAGE, 1.9 * lines + 0.5), sharey=True, squeeze=False
    )
    labels: dict = {}
    styles: dict[str, dict] = {kind: {} for kind in figures.COLOURS}
    for axis, ((transfer, network), cell) in zip(axes.flat, cells, strict=False):
        for (method, adaptation, round_), row in cell.groupby(
            ["method", "adaptation", "round"], sort=False, dropna=False
        ):
            kind = figures.kind(method)
            name = ladder.label(method, adaptation, round_, history["round"].max())
            style = styles[kind].setdefault(name, DASHES[len(styles[kind]) % len(DASHES)])
            for _, run in row.groupby("seed"):
                (line,) = axis.plot(
                    run["step"], 100 * run["fit"], ls=style, color=figures.COLOURS[kind], lw=0.8
                )
            labels[name] = line
        axis.set_title(f"{transfer.replace('-to-', ' → ')}\n{network}")
        axis.set_ylim(0, 100)
        axis.set_xlabel("step")
    for axis in axes.flat[len(cells) :]:
        axis.set_visible(False)
    axes[0, 0].set_ylabel("fit to the training signal, %")
    figure.legend(labels.values(), labels.keys(), loc="outside lower center", ncols=4)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
