"""The ladder: the headline on the target by row and transfer, every seed shown.

More rows than a page holds share lines: there dots are rows' means, the bar and the number
their median, the line goes from the lowest to the highest.

    python scripts/plot_ladder.py --metrics metrics.parquet --table ladder.parquet \\
        --figures ladder.pdf ladder.svg
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, headlines, ladder, presentation
from distilshift.files import tables

BELOW = " ▼"  # behind the number where a distilled row is below source-only


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--table", type=Path, required=True, help="from tabulate_ladder")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    presentation.add_arguments(made)
    return made


def main(args: argparse.Namespace) -> None:
    figures.style()
    shown = presentation.given(args)
    table = shown.rows(tables.read(args.table, "tabulate_ladder"))
    headline = ladder.headline(table)
    metrics = tables.read(args.metrics, "summarize", tables.METRICS)
    runs = shown.rows(ladder.rows(metrics, headline))
    line_of = ladder.lines(runs)
    order = list(dict.fromkeys(line_of.values()))
    cells = list(table.groupby(ladder.CELL, sort=False))
    figure, axes = figures.panels([key for key, _ in cells], order, width=shown.width)
    by_row = runs.groupby([*ladder.CELL, "row"])["value"]
    for (axis,), (key, cell) in zip(axes, cells, strict=True):
        for line, rows in cell.groupby(cell["row"].map(line_of), sort=False):
            place, first = order.index(line), rows.iloc[0]
            colour = figures.COLOURS[figures.kind(first["method"])]
            if line == first["row"]:
                middle, values = first[headline], by_row.get_group((*key, line))
                ends = [first[f"{headline}_low"], first[f"{headline}_high"]]
            else:
                middle, values = rows[headline].median(), rows[headline]
                ends = [values.min(), values.max()]
            axis.barh(place, 100 * middle, height=0.62, color=colour, alpha=0.35)
            axis.plot([100 * end for end in ends], [place, place], color=colour, linewidth=1.5)
            axis.plot(
                100 * values,
                [place] * len(values),
                "o",
                color=colour,
                ms=3.2,
                mec="white",
                mew=0.3,
                clip_on=False,
            )
            below = BELOW * bool(rows["below_source_only"].any())
            figures.beside(axis, place, f"{100 * middle:.1f}" + below)
        axis.set_xlim(0, 100)
    seeds = cli.counted(runs["seed"].nunique(), "seed")
    note = f"target-test {headlines.NAMES[headline]}, % (dots: {seeds}; lines: 95 % interval)"
    if len(order) < len(line_of):
        note = note[:-1] + "; where rows share a line: rows, range, median)"
    figures.note(figure, note)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
