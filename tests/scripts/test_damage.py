"""Every file that one step writes and another reads: a bit, a byte, a part of it spoilt."""

import functools
import random
from pathlib import Path

from distilshift.errors import InputError
from distilshift.files import documents, logits, outputs, parquet, tables, tensors

import numpy as np
import pandas as pd
import pytest
import torch

FLIPS = 200


def read_tensors(kind: str, path: Path):
    content, header = tensors.load(path, kind, "some_rule")
    return {name: value.clone() for name, value in content.items()}, header


def read_cache(path: Path):
    found = logits.read([path], {})
    return found._asdict()


def read_outputs(path: Path):
    halves = [("source", "test"), ("target", "train"), ("target", "test")]
    return [one._asdict() for one in outputs.read(path, halves)]


def read_table(path: Path):
    return tables.read(path, "some_rule")


def read_document(path: Path):
    return documents.read(path, "some_rule")


# what a file is called in the chain: how it is read, and the rule that an error names
KINDS = {
    "dataset/inputs.safetensors": functools.partial(read_tensors, "dataset inputs"),
    "dataset/labels.safetensors": functools.partial(read_tensors, "dataset labels"),
    "target/train_inputs.safetensors": functools.partial(read_tensors, "inputs"),
    "target/train_labels.safetensors": functools.partial(read_tensors, "labels"),
    "distilled/weights.safetensors": functools.partial(read_tensors, "weights"),
    "named.safetensors": functools.partial(read_tensors, "inputs"),
    "run.state": functools.partial(read_tensors, "state"),
    "logits.parquet": read_cache,
    "views.parquet": read_cache,
    "outputs.parquet": read_outputs,
    "distilled/history.parquet": read_table,
    "distilled/record.json": read_document,
    "manifest.json": read_document,
    "evaluation/predictions.parquet": read_table,
    "evaluation/metrics.parquet": read_table,
    "evaluation/history.parquet": read_table,
    "neighbours.parquet": read_table,
    "validators.parquet": read_table,
    "selection.parquet": read_table,
    "metrics.parquet": read_table,
    "confusion.parquet": read_table,
    "history.parquet": read_table,
    "ladder.parquet": read_table,
    "decomposition.parquet": read_table,
}


@pytest.fixture(scope="module")
def files(made, tmp_path_factory, run_script):
    """The chain's folder, and what the chain makes no use of."""
    folder = tmp_path_factory.mktemp("damage")
    state = {"module.weight": torch.randn(5, 3), "optimizer.0.step": torch.tensor(7.0)}
    tensors.save(folder / "run.state", "state", state, {"identity": {"seed": 0}, "step": 7})
    documents.write(folder / "manifest.json", {"dataset": "ü", "counts": {"a": 3}, "train": None})
    with tensors.writing_rows(folder / "named.safetensors", "inputs", 9, {}, named=True) as rows:
        rows.append(torch.arange(48, dtype=torch.uint8).view(3, 1, 4, 4), torch.arange(3), "äbc")
    script, args = made.steps()["cache"]
    views = [*args, "--views", "2", "--logits", str(folder / "views.parquet")]
    status, shown = run_script(script, views)
    assert status == 0, shown
    return lambda name: made.folder / name if (made.folder / name).exists() else folder / name


def same(one, other) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, pd.DataFrame):
        return one.equals(other)
    return one == other


def spoilt(whole: bytes, seed: str):
    """The file with one bit, then with one byte changed, then cut, emptied and added to."""
    draw = random.Random(seed)
    for number in range(FLIPS):
        damaged, place = bytearray(whole), draw.randrange(len(whole))
        damaged[place] ^= 1 << draw.randrange(8) if number % 2 else draw.randrange(1, 256)
        yield bytes(damaged)
    yield from (b"", whole[:1], whole[:-1], whole[: len(whole) // 2], whole[1:])
    yield from (whole + b"\0", whole + b"x", whole + whole)


@pytest.mark.parametrize("name", KINDS)
def test_damage_is_refused_in_one_line_or_reads_the_same(files, tmp_path, name):
    read, file = KINDS[name], files(name)
    whole, expected = file.read_bytes(), read(file)
    assert same(read(file), expected)
    path = tmp_path / Path(name).name
    refused = 0
    for damaged in spoilt(whole, name):
        path.write_bytes(damaged)
        parquet.is_whole.cache_clear()  # it goes by times, which are too coarse here
        try:
            found = read(path)
        except InputError as error:
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
            assert "rerun the rule" in str(error)
            refused += 1
        else:
            assert same(found, expected)
    assert refused > FLIPS if path.suffix == ".parquet" else refused > 0.9 * FLIPS


def test_every_file_of_the_chain_is_of_a_kind_above(made):
    """But for what people read: tables as text, and figures."""
    for_people = {".csv", ".tex", ".pdf", ".svg", ".png"}
    known = {Path(name).name for name in KINDS}
    known |= {f"{half}_{what}.safetensors" for half in ("train", "test") for what in WHAT}
    caches = {"plain.parquet", "combined.parquet", "next.parquet", "oracle.parquet"}
    for path in made.folder.rglob("*"):
        if path.is_file() and path.suffix not in for_people:
            assert path.name in known | caches, path


WHAT = ("inputs", "labels")
