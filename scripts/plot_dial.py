"""The shift dial: the headline and gap recovered against a shift's strength, row by row.

A cross at the foot marks a strength at which that student is no better than the
source-only one: there distillation no longer helps, and how far below it lies is not drawn. Gaps
above 150 % are off the scale, which a triangle says. Where there is no gap to recover, none is
drawn. Of several seeds the 95 % intervals of the gaps are shown. Dials over how much of the target
there is show the adapted teachers too.

    python scripts/plot_dial.py --metrics metrics.parquet --table ladder.parquet \\
        --figures dial.pdf --targets digits-rotation-20=rotation:20 digits-rotation-40=rotation:40
"""

import argparse
import textwrap
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, headlines, ladder, presentation
from distilshift.errors import InputError
from distilshift.files import tables

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

# what the strength of a dial over the amount of data is
AMOUNTS = {
    "fewer_rows": "unlabelled target rows",
    "fewer_classes": "share of the classes that no unlabelled row has",
    "fewer_subdomains": "share of the sub-domains that no unlabelled row is of",
}


def target(text: str) -> tuple[str, str, str, float]:
    """``domain=kind:strength``: domain, the sweep it is of, kind and strength."""
    name, _, dial = text.partition("=")
    kind, _, strength = dial.partition(":")
    try:
        return name, name.removesuffix(f"-{strength}"), kind, float(strength)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not domain=kind:NUMBER") from None


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--table", type=Path, required=True, help="from tabulate_ladder")
    made.add_argument(
        "--targets", type=target, nargs="+", required=True, metavar="DOMAIN=KIND:STRENGTH"
    )
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    presentation.add_arguments(made)
    return made


def points(metrics: pd.DataFrame, table: pd.DataFrame, targets: list[tuple]) -> pd.DataFrame:
    """The table's rows of these targets, with sweep, kind and strength, the weakest first."""
    dials = pd.DataFrame(targets, columns=["target", "sweep", "kind", "strength"])
    places = metrics[["transfer", "source", "target"]].drop_duplicates()
    rows = table.merge(places.merge(dials, on="target"), on="transfer")
    if rows.empty:
        raise InputError("--targets", "no transfer in --metrics has one of these targets")
    adapted = rows["kind"].isin(list(AMOUNTS)) & (rows["adaptation"] != "none")
    rows = rows[(rows["method"] != "teacher") | adapted]
    return rows.sort_values("strength", kind="stable")


def draw(axis, rows: pd.DataFrame, value: str, looks: dict[str, dict]) -> None:
    for name, row in rows.groupby("row", sort=False):
        axis.plot(row["strength"], 100 * row[value], **looks[name])


def mark_beyond(axis, rows: pd.DataFrame, looks: dict[str, dict], top: float) -> bool:
    """Where a gap lies above the scale, a triangle at its end; whether there is any."""
    beyond = rows[100 * rows["gap_recovered"] > top]
    for name, row in beyond.groupby("row", sort=False):
        heights = [top] * len(row)
        axis.plot(row["strength"], heights, "^", color=looks[name]["color"], ms=4, clip_on=False)
    return not beyond.empty


def draw_intervals(axis, rows: pd.DataFrame, looks: dict[str, dict]) -> None:
    """Those of the gaps; an end that is at infinity is off the scale."""
    for name, row in rows.groupby("row", sort=False):
        ends = 100 * row[["gap_recovered_low", "gap_recovered_high"]].clip(-1e3, 1e3)
        axis.fill_between(
            row["strength"], *ends.to_numpy().T, color=looks[name]["color"], alpha=0.15, lw=0
        )


def main(args: argparse.Namespace) -> None:
    figures.style()
    metrics = tables.read(args.metrics, "summarize", tables.METRICS)
    table = tables.read(args.table, "tabulate_ladder")
    headline = ladder.headline(table)
    rows = points(metrics, table, args.targets)
    shown = presentation.given(args)
    ends = rows["method"].isin(figures.YARDSTICKS)
    # of all cells as if of one: a row looks the same in every panel
    known = rows[~ends].sort_values("row").drop_duplicates("row").assign(transfer="", network="")
    # of two networks rows may be called alike
    students = list(dict.fromkeys(shown.some_rows(known)["row"]))
    chosen = shown.rows(rows[~ends]).sort_values("strength", kind="stable")
    rows = pd.concat([rows[ends], chosen])
    looks = figures.looks(students, figures.DISTILLED)
    for name in figures.YARDSTICKS:  # always drawn
        look = {"color": figures.COLOURS[name], "ls": "--", "lw": 1}
        looks[name] = {**look, "label": shown.labels.get(name, name)}
    looks = {
        name: {**look, "marker": "o", "ms": 3 * (look["lw"] == 1)} for name, look in looks.items()
    }
    apart = min(10, 60 / len(students))  # of the crosses' lines
    foot = -12 - apart * len(students)
    panels = list(rows.groupby(["source", "sweep", "kind", "network"], sort=False))
    lines = -(-len(panels) // figures.columns(len(panels), shown.width))
    columns = -(-len(panels) // lines)
    highest = 100 * rows["gap_recovered"].max()
    top = min(150, max(105, np.nan_to_num(highest) + 5))  # a small gap makes any percentage
    size = (shown.width or figures.PAGE, 2.9 * lines + 0.5)
    figure, axes = plt.subplots(2 * lines, columns, figsize=size, squeeze=False, sharey="row")
    several = rows.drop_duplicates(["source", "sweep", "kind"])["kind"].duplicated().any()
    marks = {"x": "no better than source-only"}
    for at, ((source, sweep, kind, network), panel) in enumerate(panels):
        line, column = divmod(at, columns)
        above, below = axes[2 * line, column], axes[2 * line + 1, column]
        draw(above, panel, headline, looks)
        draw(below, panel[panel["row"].isin(students)], "gap_recovered", looks)
        ground = panel[panel["row"] == "source-only"].set_index("strength")[headline]
        for place, name in enumerate(students):
            row = panel[panel["row"] == name].set_index("strength")[headline]
            lost = [strength for strength, value in row.items() if value <= ground[strength]]
            heights = [-6 - apart * (place + 1)] * len(lost)
            below.plot(lost, heights, "x", color=looks[name]["color"], ms=4, zorder=4)
        # what lies below 0 has its cross alone: a height there would read as a value
        below.axhspan(foot, 0, color="#F0F0F0", lw=0, zorder=3)
        if mark_beyond(below, panel[panel["row"].isin(students)], looks, top):
            marks["^"] = "above the scale"
        title = f"{source} → {sweep}" if several else kind
        title += "" if rows["network"].nunique() == 1 else f", {network}"
        above.set_title(title.replace("_", " "))
        above.set_ylim(0, 100)
        if panel["seeds"].max() > 1:  # of one they would be those of its samples alone
            draw_intervals(below, panel[panel["row"].isin(students)], looks)
        if kind == "fewer_rows":  # from tens to thousands
            above.set_xscale("log")
            below.set_xscale("log")
        for axis in (above, below):
            axis.set_xticks(
                *zip(*((s, f"{s:g}") for s in sorted(set(panel["strength"]))), strict=True)
            )
            axis.minorticks_off()
        below.set_ylim(foot, top)
        below.set_yticks(range(0, int(top) + 1, 50))
        below.axhline(0, color="#999999", lw=0.6, zorder=4)
        below.axhline(100, color="#999999", lw=0.6)
        below.set_xlim(above.get_xlim())  # also where a strength has no gap
        below.set_xlabel(textwrap.fill(AMOUNTS.get(kind, "strength"), 32))
    for line in range(lines):
        axes[2 * line, 0].set_ylabel(f"target-test\n{headlines.NAMES[headline]}, %")
        axes[2 * line + 1, 0].set_ylabel("gap\nrecovered, %")
    for axis in axes[-2:, len(panels) - (lines - 1) * columns :].flat:
        axis.set_visible(False)
    signs = [{"marker": m, "color": "0.3", "ls": "", "ms": 4, "label": t} for m, t in marks.items()]
    figures.legend(figure, [*looks.values(), *signs])
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
