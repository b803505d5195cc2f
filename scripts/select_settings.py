"""Choose among settings that were tried, by what no label of the target has a part in.

The points of a sweep, of one transfer, network, adaptation and method, are held side by side: of
those whose students have collapsed in the fewest seeds the one of the highest mean of the criterion
over the seeds. All stand in the table, one is chosen.

    python scripts/select_settings.py --selection selection.parquet \\
        --method kd-lr-0.001=kd kd-lr-0.01=kd --csv sweeps.csv
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import selection
from distilshift.errors import InputError
from distilshift.files import tables

KEYS = ("network", "adaptation", "method")
ORACLE = "oracle_accuracy"
RANKED = "teacher_first"


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--selection", type=Path, required=True, help="from select_round")
    for key in KEYS:
        text = f"a {key} and the sweep that it is a point of"
        made.add_argument(
            f"--{key}", action="extend", nargs="+", default=[], metavar="POINT=SWEEP", help=text
        )
    made.add_argument("--csv", type=Path, required=True, help="output")
    return made


def main(args: argparse.Namespace) -> None:
    found = tables.read(args.selection, "select_round", tables.SELECTION)
    if (found["criterion"] == ORACLE).any():
        problem = f"was made by {ORACLE}, which reads labels of the target"
        raise InputError(args.selection, problem, "take another criterion")
    if args.network and (found["criterion"] == RANKED).any():
        problem = f"was made by {RANKED}, a rank within one network's cell"
        raise InputError(args.selection, problem, "take another criterion, or give no --network")
    families = {key: dict(pair.split("=") for pair in getattr(args, key)) for key in KEYS}
    chosen = selection.settings(found, families)
    with cli.whole_file(args.csv) as part:
        chosen.to_csv(part, index=False, float_format="%.6f")
    cli.log.info("%d sweeps, %d points", chosen["chosen"].sum(), len(chosen))


if __name__ == "__main__":
    cli.run(main, parser())
