"""What students took over from their teachers, beside both controls: a table, and two figures.

Each measure has a panel and each distilled row a line: the student and its teacher, the student
and teachers of other seeds, and the control of about its accuracy with its teacher (hollow where
that is further off than five points), with 95 % intervals over seeds; grey ticks are the null. Of
more rows to show than a page holds the most accurate of each transfer and network are drawn. The
second figure shows inputs of the target and how the score of their class hangs on each value.

    python scripts/plot_transferred.py --measures a/transferred.parquet \\
        --maps a/attributions.safetensors --csv transferred.csv \\
        --figures transferred.pdf transferred.svg --pictures attributions.pdf attributions.svg
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, ladder, presentation, transferred
from distilshift.data import kinds
from distilshift.files import tables, tensors

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from torch import Tensor

# Wong's palette; each has a shape of its own too
LOOKS = {
    "teacher": {"color": "#D55E00", "marker": "o", "label": "its teacher"},
    "other teacher": {"color": "#56B4E9", "marker": "s", "label": "teachers of other seeds"},
    "control": {"color": "#009E73", "marker": "D", "label": "control student, the teacher"},
}
NULL = {"color": "#999999", "marker": "|", "label": "other rows of the class"}
ROLES = ("teacher", "student", "other teacher", "control")  # of the second figure
BINS, HEIGHT = 48, 12  # how a gradient along one axis is drawn


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"type": Path, "nargs": "+", "required": True}
    made.add_argument("--measures", **several, help="from measure_transferred")
    made.add_argument("--maps", **several, help="from measure_transferred")
    made.add_argument("--csv", type=Path, required=True, help="output, a line a measure")
    made.add_argument("--figures", **several, help="of the measures: pdf, svg, png")
    made.add_argument("--pictures", **several, help="of inputs and gradients: pdf, svg, png")
    presentation.add_arguments(made)
    return made


def drawn(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that a page holds: all of them, or the most accurate of each cell."""
    by_row = table.drop_duplicates([*ladder.CELL, "row"])
    if len(by_row) <= ladder.MOST:
        return table
    accuracy = table[(table["measure"] == "accuracy") & (table["against"] == "student")]
    best = accuracy.loc[accuracy.groupby(ladder.CELL, sort=False)["value"].idxmax()]
    return table.merge(best[[*ladder.CELL, "row"]], on=[*ladder.CELL, "row"])


def places(table: pd.DataFrame) -> dict[tuple, int]:
    """Where each cell's name and each of its rows stands, from the top down."""
    found: dict[tuple, int] = {}
    for cell, rows in table.groupby(ladder.CELL, sort=False):
        for name in ("", *dict.fromkeys(rows["row"])):
            found[*cell, name] = len(found)
    return found


def unmatched(table: pd.DataFrame) -> set[tuple]:
    """The rows whose control is further off in accuracy than ``MATCHED``."""
    accuracy = table[table["measure"] == "accuracy"]
    keys = [*ladder.CELL, "row"]
    wide = accuracy.pivot_table(index=keys, columns="against", values="value", sort=False)
    if "control" not in wide:
        return set()
    return set(wide.index[(wide["control"] - wide["student"]).abs() > transferred.MATCHED])


def draw(axis: Axes, table: pd.DataFrame, measure: str, at: dict, hollow: set[tuple]) -> None:
    """One measure of every row."""
    for line in table[table["measure"].isin([measure, measure + transferred.NULL])].itertuples():
        if line.against not in LOOKS:
            continue
        key = line.transfer, line.network, line.row
        look = LOOKS[line.against]
        place = at[key] + 0.25 * (list(LOOKS).index(line.against) - 1)
        if line.measure != measure:
            axis.plot(line.value, place, marker="|", color=NULL["color"], ms=5, mew=0.8)
            continue
        is_hollow = line.against == "control" and key in hollow
        face = "white" if is_hollow else look["color"]
        axis.hlines(place, line.low, line.high, color=look["color"], lw=0.7)
        axis.plot(line.value, place, look["marker"], color=look["color"], mfc=face, ms=3, mew=0.6)
    axis.set_title(transferred.MEASURES[measure])


def plot_measures(table: pd.DataFrame, shown: presentation.Presentation, paths: list[Path]) -> None:
    rows = drawn(shown.rows(table)) if len(table) else table
    at, hollow = places(rows), unmatched(rows)
    measures = [name for name in transferred.MEASURES if name in set(rows["measure"])]
    columns = figures.columns(max(1, len(measures)), shown.width)
    lines = -(-max(1, len(measures)) // columns)
    size = (shown.width or figures.PAGE, lines * (0.5 + 0.19 * len(at)) + 0.4)
    figure, axes = plt.subplots(lines, columns, figsize=size, sharey=True, squeeze=False)
    for axis, measure in zip(axes.flat, measures, strict=False):
        draw(axis, rows, measure, at, hollow)
        axis.tick_params(axis="y", length=0)
    for axis in axes.flat[len(measures) :]:
        axis.set_visible(False)
    names = [row or f"{cell[0].replace('-to-', ' → ')}, {cell[1]}" for *cell, row in at]
    axes[0, 0].set_yticks(range(len(at)), names)
    axes[0, 0].set_ylim(len(at) - 0.4, -0.6)
    if not measures:
        figures.note(figure, "no student that is shown has a teacher that is a network")
    figures.legend(figure, [{**look, "ls": "", "ms": 4} for look in (*LOOKS.values(), NULL)])
    figures.save(figure, paths)


def strip(gradients: Tensor) -> np.ndarray:
    """Gradients (n, H, W), or (n, T), side by side as one picture, each over its largest."""
    values = gradients.numpy()
    if values.ndim == 2:
        parts = np.array_split(np.abs(values), min(BINS, values.shape[1]), axis=1)
        values = np.stack([part.mean(1) for part in parts], 1)[:, None].repeat(HEIGHT, 1)
    values = values / np.abs(values).max((1, 2), keepdims=True).clip(1e-30)
    framed = np.pad(values, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    return np.concatenate(list(framed), 1)


def plot_pictures(files: list[Path], shown: presentation.Presentation, paths: list[Path]) -> None:
    cells = [tensors.load(path, "maps", "measure_transferred") for path in files]
    columns = figures.columns(len(cells), shown.width)
    lines, each = -(-len(cells) // columns), 1 + len(ROLES)
    size = (shown.width or figures.PAGE, lines * (0.45 + 0.46 * each))
    figure, axes = plt.subplots(lines * each, columns, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for place, (maps, about) in enumerate(cells):
        line, column = divmod(place, columns)
        block = axes[each * line : each * (line + 1), column]
        kinds.load(about["data"]).show.draw(block[0], maps["inputs"])
        title = figures.title(about["transfer"], about["network"])
        block[0].set_title(f"{title}: {about['row']}" if "row" in about else title)
        for axis, role in zip(block[1:], ROLES, strict=True):
            if role in maps:
                axis.imshow(strip(maps[role]), cmap="RdBu_r", vmin=-1, vmax=1, rasterized=True)
            name = f"{role}: {about['control']}" if role == "control" in maps else role
            said = name if role in maps else f"{role}: no gradient"
            axis.text(0, 1.02, said, transform=axis.transAxes, fontsize=7, va="bottom")
    figures.save(figure, paths)


def main(args: argparse.Namespace) -> None:
    figures.style()
    columns = [*transferred.KEYS, "seed", "against", "measure", "value"]
    measured = tables.read_all(args.measures, "measure_transferred", columns)
    table = transferred.table(measured)
    tables.write_csv(table, args.csv)
    shown = presentation.given(args)
    plot_measures(table, shown, args.figures)
    plot_pictures(args.maps, shown, args.pictures)


if __name__ == "__main__":
    cli.run(main, parser())
