"""What rounds do: the headline, entropy and class coverage of the students by round.

Thin lines are seeds, thick ones their mean. The headline is that on the target's test half;
entropy and coverage are of the predictions on its training inputs. A falling coverage
beside a falling entropy is a student growing sure of fewer and fewer classes.

    python scripts/plot_rounds.py --metrics metrics.parquet \\
        --validators a/validators.parquet b/validators.parquet --figures rounds.pdf
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, headlines, ladder, presentation
from distilshift.files import tables

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import MaxNLocator

SHOWN = {
    "headline": "target-test\n{headline}, %",
    "entropy": "entropy, nats",
    "coverage": "class\ncoverage, %",
}


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--validators", type=Path, nargs="+", required=True, help="of validate")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    headlines.add_argument(made)
    presentation.add_arguments(made)
    return made


def load(args: argparse.Namespace) -> pd.DataFrame:
    """A row a student: its identity and what is shown of it."""
    scores = pd.concat([tables.read(p, "validate", tables.VALIDATORS) for p in args.validators])
    scores = scores[(scores["validator"] == "entropy") & (scores["round"] > 0)]
    shown = scores.assign(entropy=-scores["value"], coverage=100 * scores["coverage"])
    metrics = tables.read(args.metrics, "summarize", tables.METRICS)
    is_shown = (metrics["metric"] == args.headline) & (metrics["domain"] == "target")
    measured = metrics[is_shown].assign(headline=100 * metrics["value"])
    columns = [*tables.IDENTITY, "entropy", "coverage"]
    return shown[columns].merge(measured[[*tables.IDENTITY, "headline"]], on=tables.IDENTITY)


def main(args: argparse.Namespace) -> None:
    figures.style()
    students = load(args)
    known = students[["method", "adaptation", "round"]].to_numpy()
    rounds = students["round"].max()
    students["row"] = [ladder.label(*row, rounds) for row in known]
    shown = presentation.given(args)
    students = shown.some_rows(students)  # a row may be chosen by its round too
    known = students[["method", "adaptation"]].to_numpy()
    students["row"] = [shown.label(ladder.label(*row), *row) for row in known]
    names = students["row"].unique()
    looks = figures.looks(list(names), figures.DISTILLED)
    cells = list(students.groupby(ladder.CELL, sort=False))
    columns = figures.columns(len(cells), shown.width)
    lines = -(-len(cells) // columns)
    size = (shown.width or figures.PAGE, 3.6 * lines + 0.5)
    figure, axes = plt.subplots(3 * lines, columns, figsize=size, squeeze=False, sharex=True)
    for at, ((transfer, network), cell) in enumerate(cells):
        line, column = divmod(at, columns)
        panels = axes[3 * line : 3 * line + 3, column]
        panels[0].set_title(figures.title(transfer, network))
        panels[2].set_xlabel("round")
        for axis, (measure, label) in zip(panels, SHOWN.items(), strict=True):
            for name, row in cell.groupby("row", sort=False):
                for _, run in row.sort_values("round").groupby("seed"):
                    thin = {**looks[name], "lw": 0.4, "alpha": 0.6}
                    axis.plot(run["round"], run[measure], **thin)
                mean = row.groupby("round")[measure].mean()
                width = 1.5 * looks[name]["lw"]
                axis.plot(mean.index, mean, **{**looks[name], "lw": width}, marker="o", ms=3)
            axis.set_ylim(0, None if measure == "entropy" else 103)
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
            if column == 0:
                axis.set_ylabel(label.format(headline=headlines.NAMES[args.headline]))
    for axis in axes[-3:, len(cells) - (lines - 1) * columns :].flat:
        axis.set_visible(False)
    figures.legend(figure, looks.values())
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
