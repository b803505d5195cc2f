"""Join the evaluations of all transfers into tidy tables; figures read only these.

    python scripts/summarize.py --metrics a/metrics.parquet b/metrics.parquet \\
        --predictions a/predictions.parquet b/predictions.parquet \\
        --histories a/history.parquet b/history.parquet \\
        --experiment digits --settings '{"seeds": [0]}' \\
        --out-metrics metrics.parquet --out-confusion confusion.parquet \\
        --out-history history.parquet
"""

import argparse
import json
from pathlib import Path

from distilshift import cli
from distilshift.files import documents, tables

import pandas as pd


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"type": Path, "nargs": "+", "required": True}
    made.add_argument("--metrics", **several, help="of each evaluation")
    made.add_argument("--predictions", **several, help="of each evaluation")
    made.add_argument("--histories", **several, help="of each evaluation")
    made.add_argument("--experiment", default="results", help="its name, a column of the metrics")
    about = "its config, kept in the metrics"
    made.add_argument("--settings", type=mapping, default={}, metavar="JSON", help=about)
    made.add_argument("--out-metrics", type=Path, required=True, help="one row a measurement")
    made.add_argument("--out-confusion", type=Path, required=True, help="one row a cell")
    made.add_argument("--out-history", type=Path, required=True, help="one row an epoch")
    return made


def mapping(text: str) -> dict:
    """A mapping as JSON."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"must be a mapping in JSON, got {text[:80]}")
    return found


def confusion(predictions: pd.DataFrame) -> pd.DataFrame:
    """How often each label met each prediction, a row for every pair that occurs."""
    keys = [*tables.IDENTITY, "domain", *tables.PAIR]
    return predictions.groupby(keys, dropna=False, sort=False).size().rename("count").reset_index()


def main(args: argparse.Namespace) -> None:
    metrics = pd.concat([tables.read(path, "evaluate", tables.METRICS) for path in args.metrics])
    keys = [*tables.IDENTITY, "domain", *tables.PAIR]
    counts = [confusion(tables.read(path, "evaluate", keys)) for path in args.predictions]
    histories = pd.concat([tables.read(path, "evaluate") for path in args.histories])
    metrics["experiment"] = args.experiment
    metrics["config_sha256"] = documents.sha256(args.settings)
    tables.write(metrics, args.out_metrics, {"settings": args.settings})
    tables.write(pd.concat(counts), args.out_confusion)
    tables.write(histories, args.out_history)
    cli.log.info("%d measurements of %d evaluations", len(metrics), len(args.metrics))


if __name__ == "__main__":
    cli.run(main, parser())
