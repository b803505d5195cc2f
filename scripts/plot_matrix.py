"""The gap recovered by every adaptation under every distillation, a panel a transfer and network.

Percent, of means over seeds, after the last round that is shown. Bold: the 95 % interval reaches
the oracle. Shades end at 0, the source-only student, and at 100, the oracle. A dash, without
a shade: there is no gap to recover.

    python scripts/plot_matrix.py --table ladder.parquet --figures matrix.pdf matrix.svg
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, ladder, presentation
from distilshift.files import tables

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

LINE, LETTER = 0.19, 0.06  # inches, for numbers and names of 7 points
DARK = 45  # percent of the gap below which a shade wants white letters


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--table", type=Path, required=True, help="from tabulate_ladder")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    presentation.add_arguments(made)
    return made


def draw(axis: plt.Axes, cell: pd.DataFrame, adaptations: list[str], methods: list[str]) -> None:
    """A panel: a line an adaptation, a column a method; blank where there is no row."""
    values = np.full((len(adaptations), len(methods)), np.nan)
    for row in cell.itertuples():
        place = adaptations.index(row.adaptation), methods.index(row.method)
        gap = values[place] = 100 * row.gap_recovered
        axis.text(
            *reversed(place),
            f"{gap:z.0f}".replace("-", "−") if np.isfinite(gap) else "–",
            ha="center",
            va="center_baseline",
            fontsize=7,
            color="white" if gap < DARK else "black",
            weight="bold" if row.gap_recovered_high >= 1 else "normal",
        )
    shades = {"cmap": "cividis", "vmin": 0, "vmax": 100, "edgecolors": "white", "lw": 0.5}
    axis.pcolormesh(range(len(methods)), range(len(adaptations)), values, **shades)
    axis.set_xticks(range(len(methods)), methods, rotation=90)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def main(args: argparse.Namespace) -> None:
    figures.style()
    table = tables.read(args.table, "tabulate_ladder")
    rows = table[ladder.is_distilled(table["method"])]
    shown = presentation.given(args)
    rows = shown.some_rows(rows)
    rows = rows[rows["round"] == rows.groupby(ladder.CELL)["round"].transform("max")]
    for name in ("adaptation", "method"):
        rows[name] = rows[name].replace(shown.labels)
    adaptations, methods = (list(rows[name].unique()) for name in ("adaptation", "method"))
    cells = list(rows.groupby(ladder.CELL, sort=False))
    names = LETTER * max(map(len, methods))
    room = {"height": LINE, "below": names, "width": shown.width}
    figure, axes = figures.panels([key for key, _ in cells], adaptations, **room)
    for (axis,), (_, cell) in zip(axes, cells, strict=True):
        draw(axis, cell, adaptations, methods)
    seeds = int(rows["seeds"].max())
    of = cli.counted(seeds, "seed")
    note = f"gap recovered, % (means over {of}; bold: its 95 % interval reaches the oracle)"
    figures.note(figure, note)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
