"""Make a domain of a dataset: common size and channels, a fixed split, the shift.

Labels go into files of their own, which only training on that domain and evaluation
read. The split depends on the dataset, the fraction and the seed (equal rows share a half),
never on labels or shift: a domain and a shifted version of it hold the same inputs in the
same halves, so that no test image has a twin in the other domain's training inputs.

    python scripts/construct_domain.py --domain mnist5k-noise \\
        --dataset-inputs inputs.safetensors --dataset-labels labels.safetensors \\
        --shift noise:strength=0.25 --train-inputs train_inputs.safetensors \\
        --train-labels train_labels.safetensors --test-inputs test_inputs.safetensors \\
        --test-labels test_labels.safetensors
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.data import kinds, shifts, splits
from distilshift.data.base import check_count
from distilshift.errors import InputError
from distilshift.files import names, tensors

import torch
from torch import Tensor

VALUES = 2**24  # of rows in memory at a time, give or take a few copies


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--domain", required=True, help="its name, kept in every file")
    made.add_argument("--dataset-inputs", type=Path, required=True)
    made.add_argument("--dataset-labels", type=Path, required=True)
    kinds.add_arguments(made, "what every row becomes, by the kind of data")
    made.add_argument(
        "--shift",
        action="append",
        default=[],
        metavar="NAME:strength=NUMBER",
        help="one of the kind of data; may be given several times",
    )
    made.add_argument(
        "--classes",
        action="extend",
        nargs="+",
        metavar="NAME",
        help="keep these alone, labelled in this order; all, if not given",
    )
    made.add_argument(
        "--train-fraction",
        type=cli.fraction,
        default=0.7,
        help="where the dataset has no official split",
    )
    made.add_argument("--split-seed", type=cli.non_negative_int, default=0)
    for split in ("train", "test"):
        made.add_argument(
            f"--most-{split}",
            type=cli.positive_int,
            help=f"at most so many {split} rows, chosen by --split-seed; all, if not given",
        )
        for what in ("inputs", "labels"):
            made.add_argument(f"--{split}-{what}", type=Path, required=True, help="output")
    return made


def warn_of_unseen(domain: str, half: str, classes: list[str], labels: Tensor) -> None:
    """Say which classes a half has no sample of: the class list is that of all domains."""
    counts = labels.bincount(minlength=len(classes)).tolist()
    unseen = [name for name, count in zip(classes, counts, strict=True) if count == 0]
    if unseen:
        some = ", ".join(unseen[:10]) + (f" and {len(unseen) - 10} more" if unseen[10:] else "")
        follows = {
            "train": "what learns from its labels alone cannot know them",
            "test": "nothing will say how well they are known there",
        }[half]
        many = cli.counted(len(unseen), "class", "es")
        cli.warn(f"{domain} has no {half} sample of {many} ({some}): {follows}")


def main(args: argparse.Namespace) -> None:
    inputs, header = tensors.load(args.dataset_inputs, "dataset inputs", "download_dataset")
    labels, _ = tensors.load(args.dataset_labels, "dataset labels", "download_dataset")
    if not torch.equal(inputs["ids"], labels["ids"]):
        raise InputError(args.dataset_labels, f"does not belong to {args.dataset_inputs}")
    named = names.TEXT in inputs
    called = names.of({key: value.numpy() for key, value in inputs.items()})
    halves = splits.split(
        inputs["inputs"], header["train"], args.train_fraction, header["dataset"], args.split_seed
    )
    classes = args.classes or header["classes"]
    check_count("--classes" if args.classes else args.domain, classes)
    places = splits.relabelled(labels["labels"], header["classes"], classes)
    kind = kinds.load(args.data)
    wanted = kind.settings.Input.parsed(args.input, "--input")
    shift = [shifts.parsed(kind, text) for text in args.shift]
    known = {"domain": args.domain, "dataset": header["dataset"], "classes": classes}
    made_from = {
        "data": args.data,
        "input": wanted.facts(),
        "dataset_sha256": header["sha256"],
        "shift": shift,
    }
    shape = kind.rows.conform(inputs["inputs"][:1], wanted).shape
    largest = max(inputs["inputs"][0].numel(), shape.numel())
    chunk = min(4096, max(1, VALUES // largest))
    for name, rows in halves.items():
        rows = splits.some_of(
            rows[places[rows] >= 0],
            getattr(args, f"most_{name}"),
            name,
            header["dataset"],
            args.split_seed,
        )
        keep = shifts.kept(places[rows], inputs["ids"][rows], len(classes), shift, name)
        rows = rows[keep]
        if len(rows) == 0:
            where, remedy = ("--shift", "lower its strength") if args.shift else (args.domain, "")
            remedy = remedy or "it holds too few that differ from one another"
            raise InputError(where, f"leaves no {name} row", remedy)
        warn_of_unseen(args.domain, name, classes, places[rows])
        facts = {**known, **made_from, "split": name}
        out_inputs = getattr(args, f"{name}_inputs")
        idle = {
            place
            for place, one in enumerate(shift)
            if one["kind"] in kind.shifts.SHIFTS and one["strength"] > 0
        }
        with tensors.writing_rows(out_inputs, "inputs", len(rows), facts, named) as out:
            for some in rows.split(chunk):
                ids = inputs["ids"][some]
                plain = kind.rows.conform(inputs["inputs"][some], wanted)
                seen = shifts.apply(kind, plain, ids, shift, idle=idle)
                out.append(seen, ids, called.take(some.numpy()))
        for place in sorted(idle):
            said = f"shift {shift[place]['kind']} of strength {shift[place]['strength']:g}"
            cli.warn(f"{args.domain}: {said} changes no {name} row, as if it were not there")
        own_names = {}
        if named:
            stored = names.stored(called.take(rows.numpy()))
            own_names = {key: torch.from_numpy(array) for key, array in stored.items()}
        tensors.save(
            getattr(args, f"{name}_labels"),
            "labels",
            {"labels": places[rows], "ids": inputs["ids"][rows], **own_names},
            {**known, "split": name},
        )
        cli.log.info("%s %s: %d rows", args.domain, name, len(rows))


if __name__ == "__main__":
    cli.run(main, parser())
