"""Write a model card beside each student: data, numbers with intervals, limits, licences, hashes.

    python scripts/write_cards.py --weights a/weights.safetensors b/weights.safetensors \\
        --inputs source/train_inputs.safetensors target/train_inputs.safetensors \\
        --manifests optdigits/manifest.json --metrics metrics.parquet --table ladder.parquet \\
        --predictions predictions.parquet --cards a/card.md b/card.md
"""

import argparse
import os
from pathlib import Path

from distilshift import cli
from distilshift.analysis import cards, ladder
from distilshift.errors import InputError
from distilshift.files import documents, headers, tables

import pandas as pd


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"type": Path, "nargs": "+", "required": True}
    made.add_argument("--weights", **several, help="of distilled students")
    made.add_argument("--networks", nargs="+", required=True, help="name of the pair of each")
    made.add_argument("--inputs", **several, help="training halves of all their domains")
    made.add_argument("--manifests", **several, help="of all their datasets")
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--table", type=Path, required=True, help="from tabulate_ladder")
    made.add_argument("--predictions", **several, help="from evaluate")
    made.add_argument("--cards", **several, help="output, Markdown, one for each student")
    return made


def of(frame: pd.DataFrame, **wanted: object) -> pd.DataFrame:
    """The rows whose columns are as wanted."""
    return frame[(frame[list(wanted)] == pd.Series(wanted)).all(axis=1)]


def split(frame: pd.DataFrame, names: list[str]) -> dict[tuple, pd.DataFrame]:
    """The rows of every group by the columns; asked thousands of times, a table is not searched."""
    return dict(iter(frame.groupby(names, sort=False, observed=True)))


def main(args: argparse.Namespace) -> None:
    if not len(args.weights) == len(args.networks) == len(args.cards):
        given = f"{len(args.networks)} networks, {len(args.cards)} cards"
        raise InputError("--weights", f"{len(args.weights)} given, {given}", "give as many")
    domains = [headers.read_header(path, "inputs", "construct_domain") for path in args.inputs]
    domains = {known["domain"]: known for known in domains}
    manifests = [documents.read(path, "download_dataset") for path in args.manifests]
    manifests = {known["dataset"]: known for known in manifests}
    metrics = tables.read(args.metrics, "summarize")
    own = split(metrics, [*ladder.ROW, "seed"])
    of_teacher = [*ladder.CELL, "adaptation", "seed"]
    asked = {"method": "teacher", "domain": "target", "metric": "accuracy"}
    taught = split(of(metrics, **asked), of_teacher)
    rows = split(tables.read(args.table, "tabulate_ladder"), ladder.ROW)
    predictions = tables.read_all(args.predictions, "evaluate", ladder.PREDICTIONS)
    predictions = of(predictions, domain="target", split="test")
    right = predictions["prediction"] == predictions["label"]
    right = right.groupby([predictions[name] for name in (*ladder.ROW, "seed")]).agg(
        ["sum", "size"]
    )
    there = predictions.groupby("transfer")["label"].agg(set)
    for path, network, to in zip(args.weights, args.networks, args.cards, strict=True):
        header = headers.read_header(path, "weights", "distill_student")
        ends = {end: domains[header[end]] for end in ("source", "target")}
        known = {**header, "network": network}
        known["transfer"] = f"{header['source']}-to-{header['target']}"
        row = tuple(known[name] for name in ladder.ROW)
        teacher = taught.get(tuple(known[name] for name in of_teacher))
        hits, count = map(int, right.loc[tuple(known[name] for name in right.index.names)])
        student = cards.Student(
            header=header,
            weights=os.path.relpath(path, to.parent),
            domains=ends,
            manifests={end: manifests[known["dataset"]] for end, known in ends.items()},
            metrics=own[*row, header["seed"]],
            teacher=None if teacher is None else float(teacher["value"].iloc[0]),
            hits=hits,
            count=count,
            row=rows[row].iloc[0],
            there=there[known["transfer"]],
        )
        with cli.whole_file(to) as part:
            part.write_text(cards.card(student), encoding="utf-8")
    cli.log.info("%s", cli.counted(len(args.cards), "card"))


if __name__ == "__main__":
    cli.run(main, parser())
