"""The ladder as a table: target-test accuracy and gap recovered, mean and 95 % interval.

python scripts/tabulate_ladder.py --metrics metrics.parquet --csv ladder.csv --tex ladder.tex
"""

import argparse
from pathlib import Path

import pandas as pd

from distilshift import cli, ladder, tables


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--csv", type=Path, required=True, help="output")
    made.add_argument("--tex", type=Path, required=True, help="output, a booktabs tabular")
    return made


def percent(mean: float, low: float, high: float) -> str:
    if pd.isna(mean):
        return "--"
    shown = f"{100 * mean:.1f}"
    return shown if pd.isna(low) else f"{shown} [{100 * low:.1f}, {100 * high:.1f}]"


def tex(table: pd.DataFrame) -> str:
    """A tabular with a group of lines a transfer and network; needs booktabs."""
    lines = [
        r"% target-test accuracy and gap recovered, percent: mean [95 % interval over seeds]",
        r"\begin{tabular}{lrrrr}",
        r"\toprule",
        r"row & parameters & seeds & accuracy & gap recovered \\",
    ]
    for (transfer, network), group in table.groupby(ladder.CELL, sort=False):
        lines += [r"\midrule", rf"\multicolumn{{5}}{{l}}{{\emph{{{transfer}, {network}}}}} \\"]
        for line in group.itertuples():
            accuracy = percent(line.accuracy, line.accuracy_low, line.accuracy_high)
            gap = percent(line.gap_recovered, line.gap_recovered_low, line.gap_recovered_high)
            if line.method == "teacher":
                gap = "--"
            lines.append(
                rf"{line.row} & {line.parameters:,} & {line.seeds} & {accuracy} & {gap} \\"
            )
    text = "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])
    return text.replace("_", r"\_")


def main(args: argparse.Namespace) -> None:
    table = ladder.table(tables.read(args.metrics, "summarize", tables.METRICS))
    with cli.whole_file(args.csv) as part:
        table.to_csv(part, index=False, float_format="%.6f")
    with cli.whole_file(args.tex) as part:
        part.write_text(tex(table))
    cli.log.info("%d rows", len(table))


if __name__ == "__main__":
    cli.run(main, parser())
