"""Calibration on the target: expected calibration error and negative log-likelihood by row.

Dots are seeds, ticks their mean, rings the mean of students before they were calibrated. More
rows than a page holds share lines. The table has both, and Brier's score.

    python scripts/plot_calibration.py --metrics metrics.parquet --csv calibration.csv \\
        --figures calibration.pdf
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, ladder, presentation
from distilshift.analysis.metrics import OF_PROBABILITIES, UNCALIBRATED
from distilshift.files import tables

import pandas as pd

MEASURES = {"ece": "expected\ncalibration error, %", "nll": "negative\nlog-likelihood, nats"}


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--csv", type=Path, required=True, help="output, a line a row")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    presentation.add_arguments(made)
    return made


def table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds on the target's test half, of a student with and without calibration.

    A line a row of the ladder; ``<measure>_uncalibrated`` is blank where nothing was calibrated.
    """
    columns = [f"{name}{end}" for name in OF_PROBABILITIES for end in ("", f"_{UNCALIBRATED}")]
    every = pd.concat([ladder.rows(metrics, name) for name in columns])
    keys = [*ladder.CELL, "row"]
    found = every.groupby([*keys, "metric"], sort=False)["value"].mean().unstack("metric")
    first = every[every["metric"] == columns[0]]
    found = found.reindex(columns=columns).loc[first.groupby(keys, sort=False).size().index]
    return found.reset_index()


def main(args: argparse.Namespace) -> None:
    figures.style()
    metrics = tables.read(args.metrics, "summarize", tables.METRICS)
    tables.write_csv(table(metrics), args.csv)
    shown = presentation.given(args)
    rows = {name: shown.rows(ladder.rows(metrics, name)) for name in MEASURES}
    before = {name: ladder.rows(metrics, f"{name}_{UNCALIBRATED}") for name in MEASURES}
    rows["ece"]["value"] *= 100
    before["ece"]["value"] *= 100
    line_of = ladder.lines(rows["ece"])
    order = list(dict.fromkeys(line_of.values()))
    cells = list(dict.fromkeys(zip(*(rows["ece"][key] for key in ladder.CELL), strict=True)))
    figure, axes = figures.panels(cells, order, len(MEASURES), height=0.19, width=shown.width)
    for column, (name, measured) in enumerate(rows.items()):
        by_cell = measured.groupby(ladder.CELL)
        for axis, cell in zip(axes[:, column], cells, strict=True):
            of_cell = by_cell.get_group(cell)
            for line, runs in of_cell.groupby(of_cell["row"].map(line_of)):
                place = order.index(line)
                colour = figures.COLOURS[figures.kind(runs["method"].iloc[0])]
                values, mean = runs["value"], runs["value"].mean()
                axis.plot([0, mean], [place, place], color=colour, lw=1, alpha=0.4)
                axis.plot(values, [place] * len(values), "o", color=colour, ms=3, mew=0, alpha=0.6)
                axis.plot(mean, place, "|", color=colour, ms=8, mew=1.6)
                raw = before[name].merge(runs[tables.IDENTITY], on=tables.IDENTITY)["value"]
                if len(raw):
                    axis.plot(raw.mean(), place, "o", color=colour, ms=4, mew=0.7, fillstyle="none")
                figures.beside(axis, place, f"{mean:.1f}" if name == "ece" else f"{mean:.2f}")
            largest = max(measured["value"].max(), before[name]["value"].max())
            axis.set_xlim(0, 1.05 * largest)
            axis.set_xlabel(MEASURES[name])
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
