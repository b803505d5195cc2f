"""Memory of a large logit cache: writing a shard, and a student's epoch over all shards.

    python benchmarks/large_cache.py [--rows 1000000] [--classes 1000] [--shards 8]

Generates float16 logits, a batch at a time as `cache_logits.py` does, and writes them as
shards; then opens them with `distilshift.files.logits.read` and fetches every row once, in
shuffled batches, as `distill_student.py` does. Each step is a process of its own, whose
peak memory is given beyond that of one that only imports the same modules: so neither the
libraries nor the inputs count. Seconds are the processor's own. Needs rows x classes x 2
bytes of disk twice, for the shards and for the reader's spool, in the folder for temporary
files (TMPDIR).
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from distilshift import cli
from distilshift.files import logits
from distilshift.learning import distillation

BATCH = 512  # inputs of one row group, and of one step


def generate(first: int, rows: int, classes: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of (ids, logits) that stand in for a teacher's."""
    draw = np.random.default_rng(first)
    for at in range(first, first + rows, BATCH):
        ids = np.arange(at, min(at + BATCH, first + rows))
        yield ids, draw.standard_normal((len(ids), classes), np.float32)


def write_shard(path: Path, shard: int, args: argparse.Namespace) -> None:
    bounds = [args.rows * k // args.shards for k in (shard - 1, shard)]
    provenance = {
        "classes": [f"class {k}" for k in range(args.classes)],
        "round": 1,
        "shard": shard,
        "shards": args.shards,
    }
    chunks = generate(bounds[0], bounds[1] - bounds[0], args.classes)
    logits.write(path, chunks, provenance, "float16")


def epoch(paths: list[Path]) -> None:
    """Every row once, in an order of its own, through the student's own reader."""
    cache = logits.read(paths, {})
    labels = distillation.Labels(cache, torch.device("cpu"))
    order = torch.randperm(len(cache.ids), generator=torch.Generator().manual_seed(0))
    for rows in order.split(BATCH):
        labels.logits(rows)


def measured(work: Callable, *args: object) -> tuple[float, int]:
    """CPU-seconds and peak memory, in bytes, of ``work`` in a fresh process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(theirs, work, *args))
    process.start()
    theirs.close()
    found = ours.recv()
    process.join()
    return found


def _measure(pipe, work: Callable, *args: object) -> None:
    begun = time.process_time()
    work(*args)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    pipe.send((time.process_time() - begun, peak))


def nothing() -> None:
    """What a process costs that has only imported this file."""


def main(args: argparse.Namespace) -> None:
    size = args.rows * args.classes * 2
    print(f"{args.rows} x {args.classes} float16, {size / 1e9:.2f} GB in {args.shards} shards")
    _, base = measured(nothing)
    print(f"{'imports alone':18} {'':9} {base / 2**20:6.0f} MiB")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{k}.parquet") for k in range(1, args.shards + 1)]
        shards = [measured(write_shard, path, k, args) for k, path in enumerate(paths, 1)]
        for what, (seconds, peak) in {
            "writing a shard": max(shards),
            "a student's epoch": measured(epoch, paths),
        }.items():
            print(f"{what:18} {seconds:7.1f} s {(peak - base) / 2**20:6.0f} MiB beyond that")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--rows", type=cli.positive_int, default=1_000_000)
    asked.add_argument("--classes", type=cli.positive_int, default=1000)
    asked.add_argument("--shards", type=cli.positive_int, default=8)
    main(asked.parse_args())
