"""A critical-difference diagram: mean ranks of the distilled rows that every cell has.

Rows joined by a bar are no further apart than Nemenyi's critical difference, over blocks
of one transfer, network and seed each; Friedman's test asks whether any differ. Where the
rows are every adaptation under every method, one diagram ranks the adaptations by their
mean over the methods, another the methods by theirs over the adaptations. A rank is among
all rows, so all are drawn, whatever else shows but some.

    python scripts/plot_ranks.py --metrics metrics.parquet --figures ranks.pdf

Source: Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, headlines, ladder, presentation, statistics
from distilshift.errors import InputError
from distilshift.files import tables

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

NAMES = ["row", "method", "adaptation"]
LINE = 0.17  # inches between labels, and between bars


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    headlines.add_argument(made)
    presentation.add_arguments(made)
    return made


def contests(blocks: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What is ranked against what: the headline (blocks, names) by what the names are of.

    Args:
        blocks: of the headline; columns method, adaptation, round.
    """
    columns = blocks.columns
    sizes = {name: columns.unique(name).size for name in columns.names}
    whole = sizes["method"] * sizes["adaptation"] == len(columns)
    if whole and sizes["round"] == 1 and min(sizes["method"], sizes["adaptation"]) > 1:
        factors = [name for name in ("adaptation", "method") if sizes[name] > 2]
        if factors:
            return {name: blocks.T.groupby(level=name, sort=False).mean().T for name in factors}
    rounds = max(columns.unique("round"), default=1)
    names = [ladder.label(*column, rounds) for column in columns]
    return {"row": blocks.set_axis(names, axis="columns")}


def lines(names: Sequence[str], found: statistics.Ranks) -> tuple[float, float]:
    """How far down the names begin, and end: below the bars, which stand closer."""
    depth = len(statistics.cliques(found.mean, found.critical_difference)) / 2 + 1
    return depth, depth - (-len(names) // 2)


def draw(
    axis: plt.Axes, of: str, names: Sequence[str], found: statistics.Ranks, blocks: int
) -> None:
    """The axis of ranks on top, bars of what is not told apart, and a line to each name."""
    order = np.argsort(found.mean, kind="stable")
    half = -(-len(names) // 2)  # the better half is named at the left
    depth, end = lines(names, found)
    axis.set_xlim(1, len(names))
    axis.set_ylim(end, 0)
    axis.xaxis.tick_top()
    axis.xaxis.set_label_position("top")
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.spines["top"].set_visible(True)
    axis.set_yticks([])
    axis.set_xticks(range(1, len(names) + 1, max(1, len(names) // 10)))
    axis.set_xlabel(
        f"mean rank of the {of} (1 best)\n{cli.counted(blocks, 'block')}; "
        f"Friedman p {shown(found.p)}; critical difference {found.critical_difference:.2f}"
    )
    groups = statistics.cliques(found.mean, found.critical_difference)
    for number, (first, last) in enumerate(groups):
        axis.plot([first - 0.04, last + 0.04], [0.8 + number / 2] * 2, color="black", lw=2.5)
    for place, at in enumerate(order):
        left = place < half
        line = depth + (place if left else len(names) - 1 - place) + 0.5
        rank, edge = found.mean[at], (1 if left else len(names))
        axis.plot([rank, rank, edge], [0, line, line], color="#555555", lw=0.7, clip_on=False)
        text = f"{names[at]}  {rank:.2f}" if left else f"{rank:.2f}  {names[at]}"
        axis.annotate(
            text,
            (edge, line),
            xytext=(-3 if left else 3, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=7,
        )


def shown(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def main(args: argparse.Namespace) -> None:
    figures.style()
    rows = ladder.rows(tables.read(args.metrics, "summarize", tables.METRICS), args.headline)
    rows = rows[rows["rank"] == ladder.DISTILLED]
    row = ["method", "adaptation", "round"]
    blocks = rows.pivot(index=[*ladder.CELL, "seed"], columns=row, values="value")
    listed = pd.MultiIndex.from_frame(rows[row].drop_duplicates())
    blocks = blocks[listed].dropna(axis="columns")
    if blocks.shape[1] < 3:
        names = ", ".join(contests(blocks)["row"])
        raise InputError(args.metrics, f"every cell has {names}; ranks need three rows")
    found = {
        of: (ranked, statistics.ranks(ranked.to_numpy())) for of, ranked in contests(blocks).items()
    }
    heights = [
        LINE * (lines(ranked.columns, ranks)[1] + 1) + 0.75 for ranked, ranks in found.values()
    ]
    shown = presentation.given(args)
    names = dict(zip(rows["row"], map(shown.label, *(rows[n] for n in NAMES)), strict=True))
    size = (shown.width or figures.COLUMN + 1.4, sum(heights))
    figure, axes = plt.subplots(len(found), figsize=size, height_ratios=heights, squeeze=False)
    for axis, (of, (ranked, ranks)) in zip(axes.flat, found.items(), strict=True):
        called = [names.get(name, shown.labels.get(name, name)) for name in ranked.columns]
        draw(axis, of, called, ranks, len(ranked))
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
