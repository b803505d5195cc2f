"""Choose the round of every distilled student: the first that meets the requirement.

Else the best by the criterion; never a collapsed student if another round has not
collapsed. The criterion is a validator, which knows no target label, or oracle_accuracy,
which is accuracy on the target's test half and needs --metrics. Students whom no network
alone has taught have no value by agreement and teacher_first: they are counted in a warning.

    python scripts/select_round.py --validators a/validators.parquet b/validators.parquet \\
        --criterion information_maximisation --requirement 2.0 \\
        --selection selection.parquet --csv selection.csv
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import selection
from distilshift.errors import InputError
from distilshift.files import tables

import pandas as pd

ORACLE = "oracle_accuracy"
STUDENT = [name for name in tables.IDENTITY if name != "round"]


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--validators", type=Path, nargs="+", required=True, help="of validate")
    made.add_argument("--criterion", default="information_maximisation", help="which of them")
    made.add_argument("--requirement", type=float, help="its least value; the best, if not given")
    made.add_argument("--metrics", type=Path, help=f"from summarize, for {ORACLE} alone")
    made.add_argument("--selection", type=Path, required=True, help="output, Parquet")
    made.add_argument("--csv", type=Path, required=True, help="output, the same")
    return made


def by_oracle(found: pd.DataFrame, metrics: Path) -> pd.DataFrame:
    """The networks, with accuracy on the target's test half as their value."""
    measured = tables.read(metrics, "summarize", tables.METRICS)
    is_asked = (measured["metric"] == "accuracy") & (measured["domain"] == "target")
    measured = measured.loc[is_asked, [*tables.IDENTITY, "value"]]
    networks = found.drop(columns=["validator", "value"]).drop_duplicates(tables.IDENTITY)
    return networks.merge(measured, on=tables.IDENTITY)


def main(args: argparse.Namespace) -> None:
    found = pd.concat([tables.read(p, "validate", tables.VALIDATORS) for p in args.validators])
    every = found
    if (args.criterion == ORACLE) != (args.metrics is not None):
        raise InputError("--metrics", f"belongs to --criterion {ORACLE}", "give both or neither")
    if args.criterion == ORACLE:
        found = by_oracle(found, args.metrics)
    elif args.criterion not in set(found["validator"]):
        allowed = ", ".join([*found["validator"].unique(), ORACLE])
        raise InputError("--criterion", f"is {args.criterion}", f"allowed: {allowed}")
    else:
        found = found[found["validator"] == args.criterion]
    students = found[found["round"] > 0].reset_index(drop=True)
    unknown = len(every[every["round"] > 0].groupby(STUDENT, dropna=False))
    unknown -= len(students.groupby(STUDENT, dropna=False))
    if unknown:
        cli.warn(
            f"--criterion {args.criterion}: {cli.counted(unknown, 'student')} left out, whom no"
            " network alone has taught; another criterion knows them"
        )
    rows = []
    for _, rounds in students.groupby(STUDENT, sort=False, dropna=False):
        row, reason = selection.choose(rounds, args.requirement)
        known = {**row[tables.IDENTITY], "criterion": args.criterion, "value": row["value"]}
        rows.append({**known, "collapsed": row["collapsed"], "reason": reason})
    chosen = pd.DataFrame(rows, columns=tables.SELECTION)
    tables.write(chosen, args.selection)
    with cli.whole_file(args.csv) as part:
        chosen.to_csv(part, index=False, float_format="%.6f")
    cli.log.info("%d students", len(chosen))


if __name__ == "__main__":
    cli.run(main, parser())
