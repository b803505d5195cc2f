"""The ladder as a table: the headline on the target and gap recovered, mean and 95 % interval.

The intervals are bootstrapped over seeds x samples. The macros are every number of the
table by name, so that a text which uses them cannot differ from it.

    python scripts/tabulate_ladder.py --metrics metrics.parquet \\
        --predictions a/predictions.parquet b/predictions.parquet \\
        --table ladder.parquet --csv ladder.csv --tex ladder.tex --numbers numbers.tex
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import headlines, ladder, presentation
from distilshift.analysis.headlines import NAMES
from distilshift.files import tables

import pandas as pd

BEFORE, AFTER = ["row", "parameters", "seeds"], ["gap recovered"]  # columns around measures
NONE = "--"  # in the place of a gap, where there is none to recover


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--predictions", type=Path, nargs="+", required=True, help="from evaluate")
    made.add_argument("--table", type=Path, required=True, help="output, Parquet for figures")
    made.add_argument("--csv", type=Path, required=True, help="output, the same")
    made.add_argument("--tex", type=Path, required=True, help="output, a booktabs tabular")
    made.add_argument("--numbers", type=Path, required=True, help="output, LaTeX macros")
    headlines.add_argument(made)
    presentation.add_rows(made, headings=True)
    return made


def percent(mean: float, low: float, high: float) -> str:
    """With its interval, one digit behind the point; no minus before a zero, which is z's."""
    if pd.isna(mean):
        return NONE
    shown = f"{100 * mean:z.1f} [{100 * low:z.1f}, {100 * high:z.1f}]"
    return shown.replace("inf", r"$\infty$").replace("-$", "$-")


def tex(table: pd.DataFrame, shown: presentation.Presentation) -> str:
    """A tabular with a group of lines a transfer and network; needs booktabs."""
    table, headline = shown.rows(table), ladder.headline(table)
    beside = [name for name in NAMES if name in table and name != headline]
    columns = [*BEFORE, *(NAMES[name] for name in (headline, *beside)), *AFTER]
    head = [shown.headings.get(name, name) for name in columns]
    wide = len(columns)
    lines = [
        f"% target-test {NAMES[headline]} and gap recovered, percent: mean [95 % interval over",
        r"% seeds x samples]",
        rf"\begin{{tabular}}{{l{'r' * (wide - 1)}}}",
        r"\toprule",
        rf"{' & '.join(head)} \\",
    ]
    for (transfer, network), group in table.groupby(ladder.CELL, sort=False):
        name = presentation.latex(f"{transfer}, {network}")
        lines += [r"\midrule", rf"\multicolumn{{{wide}}}{{l}}{{\emph{{{name}}}}} \\"]
        for line in group.itertuples():
            ends = (getattr(line, headline + end) for end in ("", "_low", "_high"))
            measured = [percent(*ends), *(f"{100 * getattr(line, name):z.1f}" for name in beside)]
            gap = percent(line.gap_recovered, line.gap_recovered_low, line.gap_recovered_high)
            if line.method == "teacher":
                gap = NONE
            name = presentation.latex(line.row) + r"$^\dagger$" * line.below_source_only
            cells = [name, f"{line.parameters:,}", str(line.seeds), *measured, gap]
            lines.append(rf"{' & '.join(cells)} \\")
    lines.append(r"\bottomrule")
    if table.loc[ladder.is_distilled(table["method"]), "gap_recovered"].isna().any():
        lines.append(rf"\multicolumn{{{wide}}}{{l}}{{{NONE} of a student: no gap to recover}} \\")
    if table["below_source_only"].any():
        lines.append(rf"\multicolumn{{{wide}}}{{l}}{{$^\dagger$ below its own source-only row}} \\")
    return "\n".join([*lines, r"\end{tabular}", ""])


def numbers(table: pd.DataFrame) -> str:
    """A macro for each row's headline, and a distilled row's gap recovered, in percent.

    Where there is no gap to recover the macro is there, and a dash: a text still compiles.
    Two rows of one name make LaTeX's ``newcommand`` stop, rather than show the wrong one.
    """
    headline = ladder.headline(table)
    lines = [f"% target-test {NAMES[headline]} and gap recovered, percent, means over seeds"]
    begin = presentation.macro(headline)
    begin = begin[0].lower() + begin[1:]
    for line in table.itertuples():
        name = presentation.macro(line.transfer, line.network, line.row)
        value = 100 * getattr(line, headline)
        lines.append(rf"\newcommand{{\{begin}{name}}}{{{value:z.1f}}}")
        if line.method not in ladder.RANKS:
            gap = NONE if pd.isna(line.gap_recovered) else f"{100 * line.gap_recovered:z.1f}"
            lines.append(rf"\newcommand{{\gap{name}}}{{{gap}}}")
    return "\n".join([*lines, ""])


def main(args: argparse.Namespace) -> None:
    metrics = tables.read(args.metrics, "summarize", tables.METRICS)
    predictions = tables.read_all(args.predictions, "evaluate", ladder.PREDICTIONS)
    # as its csv has it, so that a half is rounded one way in figures, cards and pages
    table = ladder.table(metrics, predictions, args.headline).round(6)
    tables.write(table, args.table)
    tables.write_csv(table, args.csv)
    for path, text in (
        (args.tex, tex(table, presentation.given(args))),
        (args.numbers, numbers(table)),
    ):
        with cli.whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
    for line in table[table["below_source_only"]].itertuples():
        where = f"{line.transfer}, {line.network}"
        cli.log.info("%s: %s is below its own source-only row", where, line.row)
    cli.log.info("%s", cli.counted(len(table), "row"))


if __name__ == "__main__":
    cli.run(main, parser())
