"""The ladder: target-test accuracy by row and transfer, every seed shown.

    python scripts/plot_ladder.py --metrics metrics.parquet --table ladder.parquet \\
        --figures ladder.pdf ladder.svg
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, ladder
from distilshift.files import tables

BELOW = " ▼"  # behind the number of a distilled row that is below source-only


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--table", type=Path, required=True, help="from tabulate_ladder")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    return made


def main(args: argparse.Namespace) -> None:
    figures.style()
    table = tables.read(args.table, "tabulate_ladder")
    runs = ladder.rows(tables.read(args.metrics, "summarize", tables.METRICS))
    order = ladder.order(runs)
    cells = list(table.groupby(ladder.CELL, sort=False))
    figure, axes = figures.panels([key for key, _ in cells], order)
    by_row = runs.groupby([*ladder.CELL, "row"])["value"]
    for (axis,), (key, cell) in zip(axes, cells, strict=True):
        for row in cell.itertuples():
            place = order.index(row.row)
            colour = figures.COLOURS[figures.kind(row.method)]
            values = 100 * by_row.get_group((*key, row.row))
            ends = [100 * row.accuracy_low, 100 * row.accuracy_high]
            axis.barh(place, 100 * row.accuracy, height=0.62, color=colour, alpha=0.35)
            axis.plot(ends, [place, place], color=colour, linewidth=1.5)
            axis.plot(
                values,
                [place] * len(values),
                "o",
                color=colour,
                ms=3.2,
                mec="white",
                mew=0.3,
                clip_on=False,
            )
            shown = f"{100 * row.accuracy:.1f}" + BELOW * row.below_source_only
            figures.beside(axis, place, shown)
        axis.set_xlim(0, 100)
    seeds = cli.counted(runs["seed"].nunique(), "seed")
    figure.supxlabel(f"target-test accuracy, % (dots: {seeds}; lines: 95 % interval)", size=8)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
