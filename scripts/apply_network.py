"""Ask a trained network about new data: a class and its probability a row.

All that it needs to know is in the header of its weights. The inputs are files, folders (any
depth), tables (.csv, .jsonl, .parquet, with a column path, of texts a column text, perhaps id)
or the inputs of a domain; a batch of them is in memory at a time. What cannot be read is named
in the log, and the exit code is 3.

    python scripts/apply_network.py --weights weights.safetensors --inputs photos more.csv \\
        --predictions predictions.parquet
"""

import argparse
from pathlib import Path

from distilshift import classifiers, cli, device, settings
from distilshift.data import streams
from distilshift.errors import InputError
from distilshift.files import tables

import pyarrow as pa
import torch

UNREADABLE = 3  # the exit code where some inputs could not be read


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--weights", type=Path, required=True, help="of any network of ours")
    made.add_argument("--inputs", type=Path, nargs="+", required=True, help="what it is asked")
    made.add_argument("--predictions", type=Path, required=True, help="output, .parquet or .csv")
    made.add_argument(
        "--all-probabilities", action="store_true", help="a column for each class besides"
    )
    settings.add_arguments(made, device.Device, "device")
    return made


def columns(names: list[str], probabilities: torch.Tensor, schema: pa.Schema, classes: list[str]):
    """The table of a batch, probabilities (n, C)."""
    sure, place = probabilities.max(1)
    called = [name.encode("utf-8", "backslashreplace").decode() for name in names]
    found = [called, [classes[at] for at in place.tolist()], sure.numpy()]
    if len(schema) > len(found):
        found += list(probabilities.T.contiguous().numpy())
    return pa.table([pa.array(c, f.type) for c, f in zip(found, schema, strict=True)], schema)


def main(args: argparse.Namespace) -> int:
    if args.predictions.suffix.lower() not in (".csv", ".parquet"):
        raise InputError("--predictions", f"got {args.predictions}", "name it .csv or .parquet")
    given = {"--weights": [args.weights], "--inputs": args.inputs}
    cli.check_apart({"--predictions": args.predictions}, given)
    on = device.choose(device.Device.given(args))
    classifier = classifiers.load(args.weights, on)
    classes = classifier.classes
    types = {"name": pa.string(), "class": pa.string(), "probability": pa.float32()}
    if args.all_probabilities:
        types |= {f"probability of {name}": pa.float32() for name in classes}
    schema, done, unreadable = pa.schema(types), 0, 0
    seen: set[int] = set()  # hashes of names, which may be long
    alike = ""
    with tables.writing(args.predictions, schema) as write, torch.inference_mode():
        for batch in classifier.read(args.inputs):
            for name, why in batch.unreadable:
                cli.log.warning("%r cannot be read (%s)", name, why)
            unreadable += len(batch.unreadable)
            for name in batch.names:
                alike = alike or (name if hash(name) in seen else "")
                seen.add(hash(name))
            if batch.names:
                probabilities = classifier(batch.rows.to(on)).cpu()
                write(columns(batch.names, probabilities, schema, classes))
            done += len(batch.names)
            if done // streams.BATCH % 40 == 39:
                cli.log.info("%d rows", done)
        if done == 0:
            problem = f"none of {unreadable} can be read" if unreadable else "hold nothing to read"
            raise InputError("--inputs", problem, "the log names them" if unreadable else "")
    cli.log.info("%s", cli.counted(done, "row"))
    if alike:
        cli.warn(f"several rows are called {alike!r}: tell them apart by order, or by a column id")
    if unreadable:
        cli.warn(f"{cli.counted(unreadable, 'input')} cannot be read; the log names each")
        return UNREADABLE
    return 0


if __name__ == "__main__":
    cli.run(main, parser())
