"""What distilling bought: the headline on the target against what a network costs.

A panel a transfer, above against multiply-adds, below against rows a second with torch. Dots are
rows of the ladder with their 95 % intervals, rings source-only and oracle; a thin line leads from
each teacher to its students. The table has every number.

    python scripts/plot_cost.py --table ladder.parquet --cost cost.parquet --csv cost.csv \\
        --figures cost.pdf cost.svg
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, headlines, ladder, presentation
from distilshift.files import tables

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import NullFormatter

MEASURES = {"multiply_adds": "multiply-adds a row", "rows_a_second": "rows a second, torch"}
MARKS = "os^Dvp*X"


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--table", type=Path, required=True, help="from tabulate_ladder")
    made.add_argument("--cost", type=Path, required=True, help="from measure_cost")
    made.add_argument("--csv", type=Path, required=True, help="output, a line a row")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    presentation.add_arguments(made)
    return made


def joined(table: pd.DataFrame, cost: pd.DataFrame) -> pd.DataFrame:
    """The ladder's rows with what their network costs in their transfer."""
    kept = [*ladder.CELL, "method", "adaptation", "round", "row"]
    kept += [ladder.headline(table) + end for end in ("", "_low", "_high")]
    role = table["method"].eq("teacher").map({True: "teacher", False: "student"})
    return table[kept].assign(role=role).merge(cost, on=[*ladder.CELL, "role"], how="left")


def draw(axis: plt.Axes, rows: pd.DataFrame, measure: str, marks: dict[str, str]) -> None:
    """Of one transfer: a dot a row, a line from each teacher to its students."""
    headline = ladder.headline(rows)
    for _, of_teacher in rows.groupby(["network", "adaptation"], sort=False):
        teacher = of_teacher[of_teacher["role"] == "teacher"]
        students = of_teacher[of_teacher["role"] == "student"]
        for student in students.itertuples():
            for one in teacher.itertuples():
                places = [getattr(one, measure), getattr(student, measure)]
                heights = [100 * getattr(row, headline) for row in (one, student)]
                axis.plot(places, heights, color="0.7", lw=0.5, zorder=1)
    for row in rows.itertuples():
        colour = figures.COLOURS[figures.kind(row.method)]
        place = getattr(row, measure)
        value, low, high = (100 * getattr(row, headline + end) for end in ("", "_low", "_high"))
        axis.vlines(place, low, high, color=colour, lw=0.7)
        # the yardsticks are rings: a student that reaches the oracle is seen within
        ring = row.method in figures.YARDSTICKS
        size = {"ms": 7, "mew": 0.8, "fillstyle": "none"} if ring else {"ms": 4, "mew": 0}
        axis.plot(place, value, marks[row.network], color=colour, **size)
    axis.set_xscale("log")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel(MEASURES[measure])


def main(args: argparse.Namespace) -> None:
    figures.style()
    table = tables.read(args.table, "tabulate_ladder")
    rows = joined(table, tables.read(args.cost, "measure_cost"))
    tables.write_csv(rows.drop(columns=["method", "adaptation", "round"]), args.csv)
    shown = presentation.given(args)
    rows = shown.rows(rows)
    transfers = list(dict.fromkeys(rows["transfer"]))
    names = list(dict.fromkeys(rows["network"]))
    marks = {name: MARKS[at % len(MARKS)] for at, name in enumerate(names)}
    columns = figures.columns(len(transfers), shown.width)
    lines = -(-len(transfers) // columns)
    size = (shown.width or figures.PAGE, 4.2 * lines + 0.4)
    figure, axes = plt.subplots(
        2 * lines, columns, figsize=size, sharex="row", sharey=True, squeeze=False
    )
    for at, transfer in enumerate(transfers):
        line, column = divmod(at, columns)
        for below, measure in enumerate(MEASURES):
            axis = axes[2 * line + below, column]
            draw(axis, rows[rows["transfer"] == transfer], measure, marks)
        axes[2 * line, column].set_title(figures.wrapped(transfer.replace("-to-", " → ")))
    for axis in axes.flat:
        axis.set_visible(axis.has_data())
    for axis in axes[:, 0]:
        axis.set_ylabel(f"target {headlines.NAMES[ladder.headline(table)]}, %")
    there = set(map(figures.kind, rows["method"]))
    kinds = [{"color": c, "label": kind} for kind, c in figures.COLOURS.items() if kind in there]
    shapes = [{"color": "0.3", "marker": m, "ls": "", "label": n} for n, m in marks.items()]
    figures.legend(figure, [*kinds, *(shapes if len(names) > 1 else [])])
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
