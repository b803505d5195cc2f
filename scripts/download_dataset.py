"""Fetch or unpack a dataset into canonical arrays, verified, never half-written.

Writes inputs (N, ...), as the kind of data keeps them, and int64 labels (N,), each with its
sample ids, and a manifest: name, licence, classes, counts a class, what could not be read or
was left out and why, what was done to odd ones, rows that are equal, sha256.

    python scripts/download_dataset.py --dataset mnist5k --inputs inputs.safetensors \\
        --labels labels.safetensors --manifest manifest.json

    python scripts/download_dataset.py --folder pets --folder-domain sketch --input size=64 \\
        --inputs inputs.safetensors --labels labels.safetensors --manifest manifest.json
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from distilshift import cli, registry
from distilshift.data import kinds, splits
from distilshift.data.archives import Finder
from distilshift.data.base import Dataset, checked
from distilshift.errors import InputError
from distilshift.files import documents, tensors

import numpy as np
import torch

NAMED = 1000  # of one kind; the count is of all
GAPS = ("nan", "na", "n/a", "none", "null")  # what programs write where there is no value


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("--dataset", help="such as mnist, cifar10-c-fog-3, office31-dslr")
    which.add_argument("--folder", type=Path, help="rows of your own: <domain>/<class>/*")
    made.add_argument("--folder-domain", metavar="DOMAIN", help="which domain of --folder")
    kinds.add_arguments(made, "what rows in no common size become, by the kind of data")
    made.add_argument(
        "--archive-dir", type=Path, help="folder with archives already on disk; used first"
    )
    made.add_argument("--listing", help="a hash of what lies in the folder, for the manifest")
    made.add_argument("--inputs", type=Path, required=True, help="output")
    made.add_argument("--labels", type=Path, required=True, help="output")
    made.add_argument("--manifest", type=Path, required=True, help="output")
    return made


def main(args: argparse.Namespace) -> None:
    kind = kinds.load(args.data)
    wanted = kind.settings.Input.parsed(args.input, "--input")
    archives = args.manifest.parent / "archives"
    find = Finder(args.archive_dir, archives, args.dataset or "", wanted)
    package = kind.datasets.__name__
    if args.folder:
        if not args.folder_domain:
            raise InputError("--folder-domain", "is missing", "name a folder inside --folder")
        name = f"{args.folder}/{args.folder_domain}"
        folder = registry.load(package, kind.datasets.FOLDER)
        data = folder(args.folder, args.folder_domain, wanted)
    else:
        name = args.dataset
        data = registry.find(package, kind.datasets.DATASETS, name, "--dataset")(find)
    checked(name, data)
    dtype, dims = kind.rows.STORED
    stored = data.inputs
    if isinstance(stored, np.ndarray) and (stored.dtype, stored.ndim) != (dtype, dims):
        problem = f"holds {stored.dtype} {stored.shape}, not {dtype} in {dims} dimensions"
        raise InputError(name, problem, "fetch its files again")
    known, named = {"dataset": name, "classes": data.classes}, data.names is not None
    hashes, most = [], len(data.labels)
    with tensors.writing_rows(args.inputs, "dataset inputs", most, known, named) as rows:
        for numbers, inputs in data.chunks():
            called = [data.names[number] for number in numbers] if named else None
            rows.append(torch.from_numpy(inputs), torch.from_numpy(numbers), called)
            hashes.append(splits.digests(inputs))
        ids = rows.ids
        if len(ids) == 0:
            why = next(iter(data.unreadable.values()))
            raise InputError(name, f"no row of it can be read ({why})", "fetch the set again")
        # rows that cannot be read are missing from the official training split too
        train = data.train if data.train is None else int((ids < data.train).sum())
        rows.provenance["train"] = train
    labels = torch.from_numpy(data.labels)[ids]
    labels_sha256 = tensors.save(
        args.labels, "dataset labels", {"labels": labels, "ids": ids}, known
    )
    counts = np.bincount(labels, minlength=len(data.classes)).tolist()
    manifest = {
        "dataset": name,
        "listing": args.listing,
        "licence": data.licence,
        "shape": rows.shape,
        "official_train_inputs": train,
        "counts": dict(zip(data.classes, counts, strict=True)),
        "classes_without_a_sample": [c for c, n in zip(data.classes, counts, strict=True) if not n],
        "classes_of_one_name_but_for_case": alike(data.classes, str.casefold),
        "classes_of_one_number": alike(data.classes, number),
        "classes_that_may_be_gaps": [c for c in data.classes if c.casefold() in GAPS],
        "unreadable": {"count": len(data.unreadable), "names": data.unreadable},
        "left_out": {why: summary(names) for why, names in data.left_out.items()},
        "notes": {note: summary(names) for note, names in data.notes.items()},
        "equal_rows": equal_rows(np.concatenate(hashes), data, ids.numpy(), train),
        "archives_sha256": find.found,
        "sha256": {"inputs": rows.sha256, "labels": labels_sha256},
    }
    documents.write(args.manifest, manifest)
    cli.log.info("%s: %d inputs in %d classes", name, len(ids), len(counts))
    for said in remarks(manifest):
        cli.warn(f"{name}: {said}, see {args.manifest}")


def summary(names: list[str]) -> dict:
    return {"count": len(names), "names": names[:NAMED]}


def alike(classes: list[str], key: Callable[[str], object]) -> list[list[str]]:
    """Classes of which a key is the same: their names in lower case, the numbers they stand for."""
    found: dict[object, list[str]] = {}
    for name in classes:
        found.setdefault(key(name), []).append(name)
    return [names for names in found.values() if len(names) > 1]


def number(name: str) -> float | str:
    """The number that a class is called by; its name, where it is called by none."""
    try:
        return name if "_" in name else float(name)
    except ValueError:
        return name


def equal_rows(hashes: np.ndarray, data: Dataset, ids: np.ndarray, train: int | None) -> dict:
    """Rows of the same bytes: how many beyond the first of each kind, and which."""
    first = splits.first_equal(hashes)
    copies = np.flatnonzero(first != np.arange(len(first)))
    groups: dict[int, list] = {}
    for row in copies.tolist():
        groups.setdefault(int(first[row]), [int(first[row])]).append(row)
    called = data.names if data.names is not None else range(len(data.labels))
    labels = data.labels[ids]
    return {
        "count": len(copies),
        "of_another_class": int((labels[copies] != labels[first[copies]]).sum()),
        "in_both_official_halves": sum(
            rows[0] < train <= rows[-1] for rows in groups.values() if train is not None
        ),
        "groups": [[called[ids[row]] for row in rows] for rows in list(groups.values())[:NAMED]],
    }


def remarks(manifest: dict) -> Iterator[str]:
    """What a user should know before anything is trained on the dataset."""
    unreadable, equal = manifest["unreadable"]["count"], manifest["equal_rows"]
    if unreadable:
        yield f"{cli.counted(unreadable, 'row')} cannot be read"
    for why, found in manifest["left_out"].items():
        if why != "hidden":
            yield f"left out {found['count']}: {why}"
    for note, found in manifest["notes"].items():
        yield f"{cli.counted(found['count'], 'row')}: {note}"
    if manifest["classes_without_a_sample"]:
        yield f"no sample of {', '.join(manifest['classes_without_a_sample'])}"
    for names in manifest["classes_of_one_name_but_for_case"]:
        yield f"{' and '.join(names)} are different classes"
    for names in manifest["classes_of_one_number"]:
        yield f"{' and '.join(names)} are different classes, and one number"
    if manifest["classes_that_may_be_gaps"]:
        yield f"{', '.join(manifest['classes_that_may_be_gaps'])}: a class each, no gap"
    if equal["count"]:
        yield copies(equal)


def copies(equal: dict) -> str:
    """How many rows are copies of others, in words."""
    others, halves = equal["of_another_class"], equal["in_both_official_halves"]
    if equal["count"] == 1:
        said = "1 row is a copy of another" + ", under another class" * others
    else:
        said = f"{equal['count']} rows are copies of others, {others} of them under another class"
    if halves:
        said += f", {halves} {'is' if halves == 1 else 'are'} in both official halves"
    return said


if __name__ == "__main__":
    cli.run(main, parser())
