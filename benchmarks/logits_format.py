"""How fast a logit cache is read: a list column, fixed-width binary, and a copy in memory.

    python benchmarks/logits_format.py [--rows 100000] [--classes 1000] [--dtype float16]

Each file is read from the page cache into a NumPy array, row group by row group. Rates are
bytes a second of the processor's own time, so that other work beside it does not count; the
best of a few runs. `binary` is what `distilshift.files.logits` writes: no compression, no
dictionary, with a checksum a page. docs/cluster.md holds the numbers of one machine.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from distilshift import cli
from distilshift.files import logits

RUNS = 5
GROUP = 4096  # rows; 8 MB of float16 for 1,000 classes


def write_list(path: Path, values: np.ndarray) -> None:
    """The column that one would write first: a list of numbers a row."""
    width = values.shape[1]
    kind = pa.list_(pa.from_numpy_dtype(values.dtype), width)
    with pq.ParquetWriter(path, pa.schema([("logits", kind)]), compression="none") as writer:
        for at in range(0, len(values), GROUP):
            flat = pa.array(values[at : at + GROUP].ravel())
            lists = pa.FixedSizeListArray.from_arrays(flat, width)
            writer.write_table(pa.table({"logits": lists}))


def read_list(path: Path, into: np.ndarray) -> None:
    at = 0
    for batch in pq.ParquetFile(path).iter_batches(GROUP):
        flat = batch["logits"].flatten().to_numpy()
        into[at : at + len(batch)] = flat.reshape(len(batch), -1)
        at += len(batch)


def write_binary(path: Path, values: np.ndarray) -> None:
    chunks = ((np.arange(at, min(at + GROUP, len(values))), values[at : at + GROUP])
              for at in range(0, len(values), GROUP))  # fmt: skip
    classes = [str(k) for k in range(values.shape[1])]
    logits.write(path, chunks, {"classes": classes}, values.dtype.name)


def read_binary(path: Path, into: np.ndarray, checksum: bool) -> None:
    at = 0
    file = pq.ParquetFile(path, page_checksum_verification=checksum)
    for batch in file.iter_batches(GROUP, columns=["logits"]):
        column = batch["logits"]
        flat = np.frombuffer(column.buffers()[1], into.dtype)
        start = column.offset * into.shape[1]
        into[at : at + len(batch)] = flat[start : start + len(batch) * into.shape[1]].reshape(
            len(batch), -1
        )
        at += len(batch)


def rate(read: Callable[[], None], size: int) -> float:
    """GB a CPU-second, of the best of several runs."""
    best = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        read()
        best = min(best, time.process_time() - begun)
    return size / best / 1e9


def main(args: argparse.Namespace) -> None:
    draw = np.random.default_rng(0)
    values = draw.standard_normal((args.rows, args.classes), np.float32).astype(args.dtype)
    into = np.zeros_like(values)  # touched: a first write would time the kernel's fresh pages
    with tempfile.TemporaryDirectory() as name:
        lists, binary = Path(name, "list.parquet"), Path(name, "binary.parquet")
        write_list(lists, values)
        write_binary(binary, values)
        rates = {}
        for what, read in {
            "list column": lambda: read_list(lists, into),
            "binary": lambda: read_binary(binary, into, checksum=False),
            "binary, checked": lambda: read_binary(binary, into, checksum=True),
        }.items():
            into[:] = 0
            rates[what] = rate(read, values.nbytes)
            if not np.array_equal(into, values):
                raise SystemExit(f"{what}: what was read is not what was written")
        rates["memory copy"] = rate(lambda: np.copyto(into, values), values.nbytes)
    print(f"{args.rows} x {args.classes} {args.dtype}, {values.nbytes / 1e9:.2f} GB")
    for what, found in rates.items():
        print(f"{what:16} {found:6.2f} GB/s")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--rows", type=cli.positive_int, default=100_000)
    asked.add_argument("--classes", type=cli.positive_int, default=1000)
    asked.add_argument("--dtype", choices=sorted(logits.DTYPES), default="float16")
    main(asked.parse_args())
