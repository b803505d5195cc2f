"""Where the headline comes from: what each step between source-only and the oracle adds.

python scripts/plot_decomposition.py --table decomposition.parquet --figures decomposition.pdf
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, headlines, ladder, presentation
from distilshift.files import tables

import pandas as pd


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--table", type=Path, required=True, help="from tabulate_statistics")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    presentation.add_width(made)
    return made


def draw(axis, cell: pd.DataFrame, order: list[str], headline: str) -> None:
    """A bar a step, from the value before it to that after, and the increment's interval."""
    start = 100 * cell[f"{headline}_before"].iloc[0]
    axis.barh(0, start, height=0.62, color=figures.STEPS["source-only"], alpha=0.35)
    figures.beside(axis, 0, f"{start:.1f}")
    above, furthest = 0, 100.0
    for step in cell.itertuples():
        place = order.index(step.step)
        before, after = (100 * getattr(step, f"{headline}_{at}") for at in ("before", "after"))
        colour = figures.STEPS[step.step.split(" + ")[-1]]
        axis.plot([before, before], [above + 0.31, place - 0.31], color="#999999", lw=0.6)
        axis.barh(place, after - before, left=before, height=0.62, color=colour, alpha=0.5)
        ends = [before + 100 * step.increment_low, before + 100 * step.increment_high]
        furthest = max(furthest, ends[1])
        axis.plot(ends, [place, place], color=colour, lw=1.5)
        axis.plot(after, place, "|", color=colour, ms=9, mew=1.5)
        figures.beside(axis, place, f"{100 * step.increment:+z.1f}".replace("-", "−"))
        above = place
    axis.set_xlim(0, furthest)


def main(args: argparse.Namespace) -> None:
    figures.style()
    table = tables.read(args.table, "tabulate_statistics")
    headline = next(name for name in headlines.HEADLINES if f"{name}_before" in table)
    # in the order of the way; a step that holds two stands before the second alone
    known = list(figures.STEPS)
    names = sorted(set(table["step"]), key=lambda name: (known.index(name.split(" + ")[-1]), name))
    order = ["source-only", *names]
    cells = list(table.groupby(ladder.CELL, sort=False))
    figure, axes = figures.panels([key for key, _ in cells], order, width=args.width)
    for (axis,), (_, cell) in zip(axes, cells, strict=True):
        draw(axis, cell, order, headline)
    named = headlines.NAMES[headline]
    figures.note(figure, f"target-test {named}, % (lines: 95 % interval of what a step adds)")
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
