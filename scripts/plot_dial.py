"""The shift dial: accuracy and gap recovered against a shift's strength, row by row.

A cross at the foot marks a strength at which that student is no better than the
source-only one: there distillation no longer helps. Gaps above 150 % are off the scale.

    python scripts/plot_dial.py --metrics metrics.parquet --figures dial.pdf \\
        --targets digits-rotation-20=rotation:20 digits-rotation-40=rotation:40
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, ladder
from distilshift.errors import InputError
from distilshift.files import tables

import matplotlib.pyplot as plt
import pandas as pd

# of the rows that are not yardsticks (Wong's palette again)
OTHERS = ["#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


def target(text: str) -> tuple[str, str, float]:
    """``domain=kind:strength``."""
    name, _, dial = text.partition("=")
    kind, _, strength = dial.partition(":")
    try:
        return name, kind, float(strength)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not domain=kind:NUMBER") from None


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument(
        "--targets", type=target, nargs="+", required=True, metavar="DOMAIN=KIND:STRENGTH"
    )
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    return made


def draw(axis, rows: pd.DataFrame, value: str, colours: dict[str, str]) -> None:
    means = rows.groupby(["row", "strength"], sort=False)[value].mean().unstack(0)
    for name in means:
        line = "--" if name in ("source-only", "oracle") else "-"
        axis.plot(means.index, 100 * means[name], line, color=colours[name], ms=3, marker="o", lw=1)


def main(args: argparse.Namespace) -> None:
    figures.style()
    dials = pd.DataFrame(args.targets, columns=["target", "kind", "strength"])
    rows = ladder.rows(tables.read(args.metrics, "summarize", tables.METRICS))
    rows = rows.merge(dials, on="target").sort_values("strength", kind="stable")
    if rows.empty:
        raise InputError("--targets", "no transfer in --metrics has one of these targets")
    rows = rows[rows["method"] != "teacher"]
    students = [n for n in rows["row"].unique() if n not in figures.COLOURS]
    colours = {name: OTHERS[at % len(OTHERS)] for at, name in enumerate(sorted(students))}
    colours |= {name: figures.COLOURS[name] for name in ("source-only", "oracle")}
    panels = list(rows.groupby(["kind", "network"], sort=False))
    lines = -(-len(panels) // 4)
    columns = -(-len(panels) // lines)
    highest = 100 * rows.groupby(["target", "network", "row"])["gap"].mean().max()
    top = min(150, max(105, highest + 5))  # a gap of next to nothing makes any percentage
    figure, axes = plt.subplots(
        2 * lines, columns, figsize=(figures.PAGE, 2.9 * lines + 0.5), squeeze=False, sharey="row"
    )
    for at, ((kind, network), panel) in enumerate(panels):
        line, column = divmod(at, columns)
        above, below = axes[2 * line, column], axes[2 * line + 1, column]
        draw(above, panel, "value", colours)
        draw(below, panel[panel["row"].isin(students)], "gap", colours)
        gaps = panel.groupby(["row", "strength"])["gap"].mean()
        for place, name in enumerate(students):
            lost = [strength for strength, gap in gaps[name].items() if gap <= 0]
            heights = [-16 - 10 * place] * len(lost)
            below.plot(lost, heights, "x", color=colours[name], ms=4)
        title = kind if rows["network"].nunique() == 1 else f"{kind}, {network}"
        above.set_title(title.replace("_", " "))
        above.set_ylim(0, 100)
        for axis in (above, below):
            axis.set_xticks(
                *zip(*((s, f"{s:g}") for s in sorted(set(panel["strength"]))), strict=True)
            )
        below.set_ylim(-12 - 10 * len(students), top)
        below.axhline(0, color="#999999", lw=0.6)
        below.axhline(100, color="#999999", lw=0.6)
        below.set_xlabel("strength")
    for line in range(lines):
        axes[2 * line, 0].set_ylabel("target-test\naccuracy, %")
        axes[2 * line + 1, 0].set_ylabel("gap\nrecovered, %")
    for axis in axes[-2:, len(panels) - (lines - 1) * columns :].flat:
        axis.set_visible(False)
    handles = [plt.Line2D([], [], color=c, marker="o", ms=3, label=n) for n, c in colours.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
