"""Bring your own teacher: check a Parquet file of logits and write it as a logit cache.

The file has a column ``sample_id`` (the ids in the inputs file) or ``name`` (what its
source calls each row), every row of the inputs exactly once, in any order; and either one
numeric column a class, named after it; or ``logits``, a list of C numbers in the order of
the classes; or, for two classes, ``logit``: Q = log p / (1 - p) of the second one. Nothing
else. Metadata ``inputs_sha256`` says which inputs it is of, and others are refused.
docs/distillation.md shows how to write one. With ``--as probabilities`` the numbers
are those, and their logarithms are kept.

    python scripts/import_logits.py --own mine.parquet --inputs train_inputs.safetensors \\
        --source mnist5k --adaptation mine --logits logits.parquet
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.files import headers, logits, names, own_logits

import numpy as np
import pyarrow as pa


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--own", type=Path, required=True, help="Parquet file to import")
    made.add_argument(
        "--as", dest="meaning", choices=own_logits.MEANINGS, default="logits", help="what it holds"
    )
    made.add_argument("--inputs", type=Path, required=True, help="unlabelled target inputs")
    made.add_argument("--source", required=True, help="of the transfer, kept in the cache")
    made.add_argument("--adaptation", required=True, help="its name in tables")
    made.add_argument("--seed", type=cli.non_negative_int, default=0, help="of the student")
    made.add_argument("--dtype", choices=sorted(logits.DTYPES), default="float32", help="stored")
    made.add_argument(
        "--shard", type=cli.shard, default="1-of-1", metavar="INDEX-of-COUNT", help="which rows"
    )
    made.add_argument("--logits", type=Path, required=True, help="output, Parquet")
    return made


def main(args: argparse.Namespace) -> None:
    inputs, header = headers.load_arrays(args.inputs, "inputs", "construct_domain")
    ids, classes = inputs["ids"], header["classes"]
    own = own_logits.read(args.own, classes)
    own_logits.check_inputs(own, header["sha256"], args.inputs)
    wanted = ids if own.key == "sample_id" else names.of(inputs).to_numpy(zero_copy_only=False)
    rows = own_logits.rows_of(own, wanted)
    own = own._replace(keys=own.keys[rows], values=own.values[rows])
    largest = float(np.finfo(logits.DTYPES[args.dtype]).max)
    values = own_logits.to_logits(own, args.meaning, largest, args.dtype)
    index, count = args.shard
    part = slice(*cli.part(len(ids), args.shard))
    provenance = {
        "teacher": args.own.name,
        "teacher_sha256": logits.file_sha256(args.own),
        "given_as": args.meaning,
        "source": args.source,
        "target": header["domain"],
        "adaptation": args.adaptation,
        "round": 1,
        "seed": args.seed,
        "inputs_sha256": header["sha256"],
        "split": header["split"],
        "classes": classes,
        "preprocessing": None,  # nobody knows how the inputs were seen, and in which mode
        "data": header["data"],
        "input": header["input"],
        "views": 0,
        "mode": None,
        "shard": index,
        "shards": count,
        "versions": {"numpy": np.__version__, "pyarrow": pa.__version__},
    }
    logits.write(args.logits, [(ids[part], values[part])], provenance, args.dtype)
    cli.log.info("%d samples of %s", len(ids[part]), args.own)


if __name__ == "__main__":
    cli.run(main, parser())
