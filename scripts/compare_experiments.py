"""Hold experiments side by side: each row of the others less the same row of the first.

Of results folders the differences are paired by seed and test sample; of their
metrics.parquet alone by seed. Written into --out:

settings.csv        the settings that differ, a column an experiment
joined.parquet      all measurements, with the experiment and those settings
differences.csv     row by row: both values, difference, 95 % interval, p, verdict
differences.*       a figure of them, as PDF, SVG and PNG

    python scripts/compare_experiments.py results/mine results/theirs --out comparison
    python scripts/compare_experiments.py -- a/metrics.parquet b/metrics.parquet
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import experiments, figures, ladder, metrics
from distilshift.errors import InputError
from distilshift.files import tables

import pandas as pd
from matplotlib.ticker import MaxNLocator

COLOURS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument(
        "experiments", type=Path, nargs="+", help="results folders, or their metrics.parquet"
    )
    made.add_argument("--metric", default="accuracy", help="of metrics.parquet")
    made.add_argument("--out", type=Path, default=Path("comparison"), help="a folder")
    return made


def draw(found: pd.DataFrame, scale: float, metric: str) -> figures.Figure:
    """A panel a transfer and network: a line a row, a dot and its interval an experiment."""
    names = list(found["experiment"].unique())
    looks = figures.looks(names, COLOURS, "experiments")
    rows = ladder.order(found.assign(rank=found["method"].map(ladder.rank)))
    cells = list(found.groupby(ladder.CELL, sort=False))
    height = 0.16 + 0.06 * len(names)
    figure, axes = figures.panels([key for key, _ in cells], rows, height=height)
    for (axis,), (_, cell) in zip(axes, cells, strict=True):
        axis.axvline(0, color="#999999", lw=0.7)
        for line in cell.itertuples():
            place = names.index(line.experiment) + 0.5 - len(names) / 2
            at, colour = rows.index(line.row) + 0.7 * place / len(names), looks[line.experiment]
            ends = [scale * line.difference_low, scale * line.difference_high]
            axis.plot(ends, [at, at], color=colour["color"], lw=1.3)
            hollow = {"mfc": "white"} if line.seeds == 0 else {}
            axis.plot(scale * line.difference, at, "o", color=colour["color"], ms=4, **hollow)
            if len(names) == 1 and pd.notna(line.difference):
                text = f"{scale * line.difference:+z.{1 if scale > 1 else 2}f}"
                figures.beside(axis, at, text.replace("-", "−"))
        axis.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axis.margins(x=0.1)
    of = f" of {names[0]}" if len(names) == 1 else ""
    notes = "lines: 95 % interval" + "; hollow: no seed in common" * bool(
        (found["seeds"] == 0).any()
    )
    less = f"{metric.replace('_', ' ')}{of}, less that of {found['against'].iloc[0]}"
    in_points = ", points" * (scale > 1)
    figure.supxlabel(f"target-test {less}{in_points} ({notes})", size=8)
    if len(names) > 1:
        figures.legend(figure, ({**look, "ls": "-"} for look in looks.values()), "upper")
    return figure


def main(args: argparse.Namespace) -> None:
    if len(args.experiments) < 2:
        raise InputError("experiments", "one is given", "give two or more to be compared")
    figures.style()
    given = experiments.told_apart([experiments.load(path) for path in args.experiments])
    for one, path in zip(given, args.experiments, strict=True):
        cli.log.info("%s: %s, config %s", one.name, path, one.sha256[:12] or "not known")
    settings = experiments.settings(given)
    found = experiments.differences(given, args.metric)
    tables.write_csv(settings, args.out / "settings.csv")
    tables.write(experiments.joined(given), args.out / "joined.parquet")
    tables.write_csv(found, args.out / "differences.csv")
    cli.log.info("%s differ", cli.counted(len(settings), "setting"))
    with_predictions = all(one.predictions is not None for one in given)
    unpaired = int(((found["seeds"] > 0) & (found["samples"] == 0)).sum())
    if args.metric == "accuracy" and with_predictions and unpaired:
        rows = cli.counted(unpaired, "row")
        why = f"under {experiments.FEWEST} test samples in common, or other labels"
        cli.warn(f"{rows} by seed alone, each on its own test half: {why}")
    for verdict, count in found["verdict"].value_counts().items():
        cli.log.info("%s: %s", cli.counted(count, "row"), verdict)
    if found.empty:
        cli.warn("the experiments have no row in common: there is nothing to draw")
        return
    # by the name: nats and Brier scores below 1 are no shares
    scale = 100 if metrics.calibrated(args.metric) in metrics.SHARES else 1
    figure = draw(found, scale, args.metric)
    figures.save(figure, [args.out / f"differences.{end}" for end in ("pdf", "svg", "png")])


if __name__ == "__main__":
    cli.run(main, parser())
