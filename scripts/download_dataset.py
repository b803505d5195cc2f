"""Fetch or unpack a dataset into canonical arrays, verified, never half-written.

Writes uint8 inputs (N, C, H, W) and int64 labels (N,), each with its sample ids, and a
manifest: name, licence, classes, counts a class, pictures that could not be read, sha256.

    python scripts/download_dataset.py --dataset mnist5k --inputs inputs.safetensors \\
        --labels labels.safetensors --manifest manifest.json

    python scripts/download_dataset.py --folder pets --folder-domain sketch --side 64 \\
        --inputs inputs.safetensors --labels labels.safetensors --manifest manifest.json
"""

import argparse
import difflib
from pathlib import Path

from distilshift import cli
from distilshift.errors import InputError
from distilshift.files import documents, tensors
from distilshift.image.datasets import DATASETS, finder
from distilshift.image.datasets.folders import folder

import numpy as np
import torch


def dataset(name: str) -> str:
    if name not in DATASETS:
        near = difflib.get_close_matches(name, DATASETS, n=3, cutoff=0.5)
        hint = f"; do you mean {' or '.join(near)}?" if near else ""
        raise argparse.ArgumentTypeError(f"there is no dataset {name}{hint}")
    return name


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--dataset", type=dataset, help="such as mnist, cifar10-c-fog-3, office31-dslr"
    )
    which.add_argument("--folder", type=Path, help="pictures of your own: <domain>/<class>/*")
    made.add_argument("--folder-domain", metavar="DOMAIN", help="which domain of --folder")
    made.add_argument(
        "--side", type=cli.positive_int, default=224, help="of pictures in no common size"
    )
    made.add_argument(
        "--archive-dir", type=Path, help="folder with archives already on disk; used first"
    )
    made.add_argument("--inputs", type=Path, required=True, help="output")
    made.add_argument("--labels", type=Path, required=True, help="output")
    made.add_argument("--manifest", type=Path, required=True, help="output")
    return made


def main(args: argparse.Namespace) -> None:
    find = finder(
        args.archive_dir, args.manifest.parent / "archives", args.dataset or "", args.side
    )
    if args.folder:
        if not args.folder_domain:
            raise InputError("--folder-domain", "is missing", "name a folder inside --folder")
        name = f"{args.folder}/{args.folder_domain}"
        data = folder(args.folder, args.folder_domain, args.side)
    else:
        name, data = args.dataset, DATASETS[args.dataset](find)
    known = {"dataset": name, "classes": data.classes}
    with tensors.writing_rows(args.inputs, "dataset inputs", len(data.labels), known) as rows:
        for numbers, inputs in data.chunks():
            rows.append(torch.from_numpy(inputs), torch.from_numpy(numbers))
        ids = rows.ids
        if len(ids) == 0:
            raise InputError(name, "no picture of it can be read", "fetch the set again")
        # pictures that cannot be read are missing from the official training split too
        train = data.train if data.train is None else int((ids < data.train).sum())
        rows.provenance["train"] = train
    labels = torch.from_numpy(data.labels)[ids]
    labels_sha256 = tensors.save(
        args.labels, "dataset labels", {"labels": labels, "ids": ids}, known
    )
    counts = np.bincount(labels, minlength=len(data.classes)).tolist()
    manifest = {
        "dataset": name,
        "licence": data.licence,
        "shape": rows.shape,
        "official_train_inputs": train,
        "counts": dict(zip(data.classes, counts, strict=True)),
        "unreadable": {"count": len(data.unreadable), "names": data.unreadable},
        "archives_sha256": find.found,
        "sha256": {"inputs": rows.sha256, "labels": labels_sha256},
    }
    documents.write(args.manifest, manifest)
    cli.log.info("%s: %d inputs in %d classes", name, len(ids), len(counts))
    if data.unreadable:
        cli.log.warning("%d pictures cannot be read: see the manifest", len(data.unreadable))


if __name__ == "__main__":
    cli.run(main, parser())
