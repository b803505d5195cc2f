"""Figure 1, the ladder: target-test accuracy by row and transfer, every seed shown.

python scripts/plot_ladder.py --metrics metrics.parquet --figures ladder.pdf ladder.svg
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

from distilshift import cli, figures, ladder, tables


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    return made


def main(args: argparse.Namespace) -> None:
    figures.style()
    metrics = tables.read(args.metrics, "summarize", tables.METRICS)
    rows = ladder.rows(metrics)
    cells = list(rows.groupby(ladder.CELL, sort=False))
    # the yardsticks stand around the students, whichever network a row belongs to
    order = list(rows.sort_values("rank", kind="stable")["row"].unique())
    columns = min(4, len(cells))
    lines = -(-len(cells) // columns)
    figure, axes = plt.subplots(
        lines,
        columns,
        figsize=(figures.PAGE, lines * (0.75 + 0.24 * len(order))),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for axis, ((transfer, network), cell) in zip(axes.flat, cells, strict=False):
        for name, row in cell.groupby("row", sort=False):
            place = len(order) - 1 - order.index(name)
            colour = figures.COLOURS[figures.kind(row["method"].iloc[0])]
            values = 100 * row["value"]
            low, high = ladder.interval(values)
            mean = values.mean()
            axis.barh(place, mean, height=0.62, color=colour, alpha=0.35)
            axis.plot([low, high], [place, place], color=colour, linewidth=1.5)
            axis.plot(values, [place] * len(values), "o", color=colour, ms=3, mew=0)
            axis.annotate(
                f"{mean:.1f}",
                (1, place),
                xycoords=("axes fraction", "data"),
                xytext=(2, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
            )
        axis.set_title(f"{transfer.replace('-to-', ' → ')}\n{network}")
        axis.set_xlim(0, 100)
        axis.set_yticks(range(len(order)), order[::-1])
        axis.tick_params(axis="y", length=0)
    for axis in axes.flat[len(cells) :]:
        axis.set_visible(False)
    seeds = rows["seed"].nunique()
    figure.supxlabel(f"target-test accuracy, % (dots: {seeds} seeds; lines: 95 % interval)", size=8)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
