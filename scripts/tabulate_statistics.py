"""What the ladder's rows are worth: comparisons, steps, classes, and what was transferred.

comparisons    each distilled row against source-only, the oracle, the unadapted teacher's
decomposition  what distillation, BatchNorm, adaptation, rounds and labels each add
classes        accuracy by class of the target
fidelity       how far a student says what its teacher says, mistakes included

    python scripts/tabulate_statistics.py --metrics metrics.parquet \\
        --predictions a/predictions.parquet b/predictions.parquet \\
        --comparisons comparisons.csv --comparisons-tex comparisons.tex \\
        --decomposition decomposition.csv --decomposition-table decomposition.parquet \\
        --classes classes.csv --fidelity fidelity.csv
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from distilshift import cli
from distilshift.analysis import comparisons, headlines, ladder, presentation
from distilshift.analysis.metrics import FIDELITY
from distilshift.files import tables

import pandas as pd

COLUMNS = ["row", "against", "difference", "$p$", "verdict"]  # of the LaTeX


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--predictions", type=Path, nargs="+", required=True, help="from evaluate")
    made.add_argument("--comparisons", type=Path, required=True, help="output, CSV")
    made.add_argument("--comparisons-tex", type=Path, required=True, help="output, a tabular")
    made.add_argument("--decomposition", type=Path, required=True, help="output, CSV")
    made.add_argument("--decomposition-table", type=Path, required=True, help="output, Parquet")
    made.add_argument("--classes", type=Path, required=True, help="output, CSV")
    made.add_argument("--fidelity", type=Path, required=True, help="output, CSV")
    headlines.add_argument(made)
    presentation.add_rows(made, headings=True)
    return made


def tex(table: pd.DataFrame, shown: presentation.Presentation, of: str) -> str:
    """A tabular with a group of lines a transfer and network; needs booktabs.

    Args:
        of: what the differences are of, in words.
    """
    head = [shown.headings.get(name, name) for name in COLUMNS]
    lines = [
        f"% differences in target-test {of}, percentage points: mean [95 % interval over",
        r"% seeds x samples]; p of the paired test after Holm",
        r"\begin{tabular}{llrrl}",
        r"\toprule",
        rf"{' & '.join(head)} \\",
    ]
    for (transfer, network), group in shown.rows(table).groupby(ladder.CELL, sort=False):
        name = presentation.latex(f"{transfer}, {network}")
        lines += [r"\midrule", rf"\multicolumn{{5}}{{l}}{{\emph{{{name}}}}} \\"]
        for line in group.itertuples():
            ends = f"[{100 * line.difference_low:+z.1f}, {100 * line.difference_high:+z.1f}]"
            p = "$<$0.001" if line.p_holm < 0.001 else f"{line.p_holm:.3f}"
            p = "--" if pd.isna(line.p_holm) else p
            against = shown.labels.get(line.against, line.against)
            names = " & ".join(map(presentation.latex, (line.row, against)))
            lines.append(
                rf"{names} & {100 * line.difference:+z.1f} {ends} & {p} "
                rf"& {line.verdict} \\"
            )
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def class_names(predictions: pd.DataFrame) -> dict[tuple, str]:
    """What the class of a transfer and number is called."""
    known = predictions[["transfer", "label", "class"]].drop_duplicates()
    return {(transfer, number): name for transfer, number, name in known.itertuples(index=False)}


def classes(cells: Iterable[ladder.Cell], names: dict[tuple, str]) -> pd.DataFrame:
    """Accuracy on each class of the target by row: mean over seeds, and the worst seed's."""
    lines = []
    for cell in cells:
        for at in range(len(cell.rows)):
            for number in sorted(set(cell.labels)):
                of_class = cell.labels == number
                by_seed = cell.correct[at][:, of_class].mean(1)
                lines.append(
                    {
                        **cell.identity(at),
                        "label": number,
                        "class": names[cell.transfer, number],
                        "samples": of_class.sum(),
                        "accuracy": by_seed.mean(),
                        "accuracy_worst_seed": by_seed.min(),
                    }
                )
    return pd.DataFrame(lines)


def fidelity(metrics: pd.DataFrame) -> pd.DataFrame:
    """The measures of ``FIDELITY`` by distilled row, means over seeds; a line each row.

    nan where no seed has a measure: of a teacher that did not label the test half, which
    combined and imported logits do not, or of errors that a teacher never made.
    """
    found = metrics[ladder.is_distilled(metrics["method"]) & (metrics["domain"] == "target")]
    rows = pd.MultiIndex.from_frame(found[ladder.ROW].drop_duplicates())
    measured = found[found["metric"].isin(FIDELITY)]
    grouped = measured.groupby([*ladder.ROW, "metric"], sort=False, dropna=False)
    wide = grouped["value"].mean().unstack("metric")
    return wide.reindex(index=rows, columns=list(FIDELITY)).reset_index()


def main(args: argparse.Namespace) -> None:
    metrics = tables.read(args.metrics, "summarize", tables.METRICS)
    predictions = tables.read_all(args.predictions, "evaluate", [*ladder.PREDICTIONS, "class"])
    cells = list(ladder.cells(predictions, args.headline))
    compared, named = comparisons.compare(cells), headlines.NAMES[args.headline]
    steps = comparisons.decompose(cells)
    tables.write_csv(compared, args.comparisons)
    with cli.whole_file(args.comparisons_tex) as part:
        part.write_text(tex(compared, presentation.given(args), named), encoding="utf-8")
    tables.write_csv(steps, args.decomposition)
    tables.write(steps, args.decomposition_table)
    tables.write_csv(classes(cells, class_names(predictions)), args.classes)
    tables.write_csv(fidelity(metrics), args.fidelity)
    for verdict, count in compared["verdict"].value_counts().items():
        cli.log.info("%s: %s", cli.counted(count, "comparison"), verdict)


if __name__ == "__main__":
    cli.run(main, parser())
