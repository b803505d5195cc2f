"""Bring your own teacher: check a Parquet file of logits and write it as a logit cache.

The file has a column ``sample_id`` (the ids in the inputs file, each exactly once, in any
order) and either one numeric column a class, named after it; or ``logits``, a list of C
numbers in the order of the classes; or, for two classes, ``logit``: Q = log p / (1 - p) of
the second one. Nothing else. docs/distillation.md shows how to write one.

    python scripts/import_logits.py --own mine.parquet --inputs train_inputs.safetensors \\
        --source mnist5k --adaptation mine --logits logits.parquet
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.errors import InputError
from distilshift.files import headers, logits

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--own", type=Path, required=True, help="Parquet file to import")
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


def read(path: Path, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Ids (N,) and logits (N, C) float64 of a file of any of the three forms.

    Raises:
        InputError: no such form, by column.
    """
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise InputError(path, "no such file", "see adaptations in the config") from None
    except (pa.ArrowException, OSError) as error:
        problem = f"not a whole Parquet file ({str(error).splitlines()[0][:120]})"
        raise InputError(path, problem) from None
    names = table.column_names
    if "sample_id" not in names or not pa.types.is_integer(table["sample_id"].type):
        raise InputError(path, f"has no integer column sample_id; it has {', '.join(names)}")
    given = [name for name in names if name != "sample_id"]
    if sorted(given) == sorted(classes):
        columns = [numbers(path, name, table[name]) for name in classes]
        values = np.stack(columns, 1)
    elif given == ["logits"]:
        lists = table["logits"].combine_chunks()
        if not (pa.types.is_list(lists.type) or pa.types.is_fixed_size_list(lists.type)):
            raise InputError(path, f"column logits is {lists.type}, not a list of numbers")
        lengths = lists.value_lengths() if len(lists) else pa.array([], pa.int32())
        wrong = [n for n in lengths.unique().to_pylist() if n != len(classes)]
        if wrong:
            raise InputError(path, f"logits of {wrong[0]} classes, the inputs have {len(classes)}")
        values = numbers(path, "logits", lists.flatten()).reshape(-1, len(classes))
    elif given == ["logit"] and len(classes) == 2:
        value = numbers(path, "logit", table["logit"])
        values = np.stack([np.zeros_like(value), value], 1)
    else:
        allowed = f"sample_id and logits, or sample_id and {', '.join(classes)}"
        raise InputError(path, f"has the columns {', '.join(names)}; allowed: {allowed}")
    return table["sample_id"].to_numpy(), values


def numbers(path: Path, name: str, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """A numeric column without nulls, as float64."""
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)) or column.null_count:
        raise InputError(
            path, f"column {name} is {kind} with {column.null_count} nulls, not numbers"
        )
    return column.to_numpy().astype(np.float64)


def rows_of(path: Path, found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The row of each sample that is wanted, (N,), where every one is there exactly once."""
    known, counts = np.unique(found, return_counts=True)
    for problem, ids in {
        "is there more than once": known[counts > 1],
        "is not among the inputs": np.setdiff1d(known, wanted),
        "has no logits": np.setdiff1d(wanted, known),
    }.items():
        if len(ids):
            more = f" ({len(ids)} such)" if len(ids) > 1 else ""
            raise InputError(path, f"sample_id {ids[0]} {problem}{more}", "give each image once")
    return np.argsort(found)[np.searchsorted(known, wanted)]


def main(args: argparse.Namespace) -> None:
    inputs, header = headers.load_arrays(args.inputs, "inputs", "construct_domain")
    ids, classes = inputs["ids"], header["classes"]
    found, values = read(args.own, classes)
    values = values[rows_of(args.own, found, ids)]
    broken = ~np.isfinite(values).all(1)
    if broken.any():
        raise InputError(
            args.own, f"sample_id {ids[broken.argmax()]} has a logit that is no number"
        )
    index, count = args.shard
    own = slice(*cli.part(len(ids), args.shard))
    provenance = {
        "teacher": args.own.name,
        "teacher_sha256": logits.file_sha256(args.own),
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
    logits.write(args.logits, [(ids[own], values[own])], provenance, args.dtype)
    cli.log.info("%d samples of %s", len(ids[own]), args.own)


if __name__ == "__main__":
    cli.run(main, parser())
