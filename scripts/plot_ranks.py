"""A critical-difference diagram: mean ranks of the distilled rows that every cell has.

Rows joined by a bar are no further apart than Nemenyi's critical difference, over blocks
of one transfer, network and seed each; Friedman's test asks whether any differ.

    python scripts/plot_ranks.py --metrics metrics.parquet --figures ranks.pdf

Source: Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006.
"""

import argparse
from pathlib import Path

from distilshift import cli, figures, ladder, statistics, tables
from distilshift.errors import InputError

import matplotlib.pyplot as plt
import numpy as np

LINE = 0.17  # inches between labels, and between bars


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    return made


def draw(names: list[str], found: statistics.Ranks, blocks: int):
    """The axis of ranks on top, bars of what is not told apart, and a line to each name."""
    order = np.argsort(found.mean, kind="stable")
    groups = statistics.cliques(found.mean, found.critical_difference)
    half = -(-len(names) // 2)  # the better half is named at the left
    depth = len(groups) / 2 + 1  # bars stand closer than names
    width = figures.COLUMN + 1.4
    figure, axis = plt.subplots(figsize=(width, LINE * (depth + half + 1) + 0.75))
    axis.set_xlim(1, len(names))
    axis.set_ylim(depth + half, 0)
    axis.xaxis.tick_top()
    axis.xaxis.set_label_position("top")
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.spines["top"].set_visible(True)
    axis.set_yticks([])
    axis.set_xticks(range(1, len(names) + 1, max(1, len(names) // 10)))
    axis.set_xlabel(
        f"mean rank (1 best), {blocks} blocks; Friedman p {shown(found.p)}; "
        f"critical difference {found.critical_difference:.2f}"
    )
    for number, (first, last) in enumerate(groups):
        axis.plot([first - 0.04, last + 0.04], [0.8 + number / 2] * 2, color="black", lw=2.5)
    for place, at in enumerate(order):
        left = place < half
        line = depth + (place if left else len(names) - 1 - place) + 0.5
        rank, end = found.mean[at], (1 if left else len(names))
        axis.plot([rank, rank, end], [0, line, line], color="#555555", lw=0.7, clip_on=False)
        text = f"{names[at]}  {rank:.2f}" if left else f"{rank:.2f}  {names[at]}"
        axis.annotate(
            text,
            (end, line),
            xytext=(-3 if left else 3, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=7,
        )
    return figure


def shown(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def main(args: argparse.Namespace) -> None:
    figures.style()
    rows = ladder.rows(tables.read(args.metrics, "summarize", tables.METRICS))
    rows = rows[rows["rank"] == ladder.DISTILLED]
    blocks = rows.pivot(index=[*ladder.CELL, "seed"], columns="row", values="value")
    blocks = blocks[rows["row"].unique()].dropna(axis="columns")
    if blocks.shape[1] < 3:
        raise InputError(args.metrics, f"every cell has {', '.join(blocks)}; ranks need three rows")
    found = statistics.ranks(blocks.to_numpy())
    figures.save(draw(list(blocks), found, len(blocks)), args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
