"""Rows from anywhere, for a network that is applied: files, folders, tables, domains.

A batch is in memory at a time, whatever there is in all. What cannot be read is named with the
reason, and the rest goes on.
"""

import itertools
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from distilshift.data import folders
from distilshift.data.archives import reading
from distilshift.data.kinds import Kind
from distilshift.errors import InputError
from distilshift.files import names, tensors
from distilshift.settings import Settings

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch
from torch import Tensor

BATCH = 256
DOMAIN = ".safetensors"  # a domain's own inputs
Item = tuple[str, Callable[[], bytes | str]]  # a name, and what gives the content


class Batch(NamedTuple):
    names: list[str]  # n
    rows: Tensor  # (n, ...), as a domain of the kind keeps them
    unreadable: dict[str, str]  # name -> why


def read(paths: list[Path], kind: Kind, wanted: Settings, batch: int = BATCH) -> Iterator[Batch]:
    """The rows of all paths, one after the other.

    A path is a file that holds a row; a folder, of which every file with such a suffix is
    read, at any depth; a table, ``.csv``, ``.jsonl`` or ``.parquet``, whose column
    ``kind.reader.COLUMN`` holds paths (relative to the table) or texts; or the
    ``.safetensors`` inputs of a domain. A file is called by its path, a row of a table by its
    column ``id``, else by that path, else by its number, a domain's row as the domain calls it.

    Args:
        wanted: what a row is, an ``Input`` of the kind.
        batch: rows at a time, at most.

    Raises:
        InputError: a path that is not there, or a table or domain that cannot be used.
    """
    for path in paths:
        if not path.exists():
            raise InputError(path, "no such file or folder")
    with ThreadPoolExecutor(min(8, len(os.sched_getaffinity(0)))) as pool:
        for is_domain, some in itertools.groupby(paths, lambda path: path.suffix == DOMAIN):
            if is_domain:
                for path in some:
                    yield from of_domain(path, kind, wanted, batch)
                continue
            waiting = itertools.chain.from_iterable(items(path, kind) for path in some)
            while found := list(itertools.islice(waiting, batch)):
                rows = list(pool.map(lambda item: row(item, kind, wanted), found))
                yield made(kind, wanted, [name for name, _ in found], rows)


def of_domain(path: Path, kind: Kind, wanted: Settings, batch: int) -> Iterator[Batch]:
    """A domain's rows, as they are.

    Raises:
        InputError: they are of another kind or size.
    """
    content, header = tensors.load(path, "inputs", "construct_domain")
    for name, expected in {"data": kind.name, "input": wanted.facts()}.items():
        if header[name] != expected:
            problem = f"{name} is {header[name]}, expected {expected}"
            raise InputError(path, problem, "take a domain of such rows as the network's")
    called = names.of({name: value.numpy() for name, value in content.items()})
    for start in range(0, len(called), batch):
        rows = content["inputs"][start : start + batch]
        yield Batch(called.slice(start, batch).to_pylist(), rows, {})


def items(path: Path, kind: Kind) -> Iterator[Item]:
    """What a path holds, in an order that is the same on every machine."""
    if path.is_dir():
        for inside in folders.every(path, kind.reader.SUFFIXES):
            yield str(inside), inside.read_bytes
    elif path.suffix.lower() in TABLES:
        yield from of_table(path, kind.reader.COLUMN)
    else:
        yield str(path), path.read_bytes


def of_csv(path: Path) -> Iterator[pd.DataFrame]:
    how = {"dtype": str, "keep_default_na": False, "encoding": "utf-8-sig"}
    yield from pd.read_csv(path, chunksize=BATCH, **how)


def of_jsonl(path: Path) -> Iterator[pd.DataFrame]:
    yield from pd.read_json(path, lines=True, dtype=False, encoding="utf-8", chunksize=BATCH)


def of_parquet(path: Path) -> Iterator[pd.DataFrame]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            yield batch.to_pandas()


TABLES = {".csv": of_csv, ".jsonl": of_jsonl, ".parquet": of_parquet}


def of_table(path: Path, column: str) -> Iterator[Item]:
    """The rows of a table, read part by part."""
    with reading(path):
        number = 0
        for part in TABLES[path.suffix.lower()](path):
            if column not in part:
                there = ", ".join(map(str, part.columns))
                raise InputError(path, f"has no column {column}; it has {there}")
            for place in range(len(part)):
                value = part[column].iloc[place]
                name = str(part["id"].iloc[place]) if "id" in part else str(number)
                number += 1
                if column == "path" and isinstance(value, str):
                    name = name if "id" in part else value
                    yield name, (path.parent / value).read_bytes
                else:
                    yield name, lambda value=value: value


def row(item: Item, kind: Kind, wanted: Settings) -> np.ndarray | str:
    """A row as a dataset of the kind holds it, or why there is none."""
    name, content = item
    try:
        found = content()
        if not isinstance(found, bytes | str):
            return "nothing there"
        return kind.reader.row(name, found, wanted)
    except InputError:  # an optional package that is not there: no file's fault
        raise
    # whatever a damaged file makes a decoder raise is that file's error alone
    except Exception as error:
        text = getattr(error, "strerror", None) or " ".join(str(error).split())
        return re.sub(r" at 0x[0-9a-f]+", "", text) or type(error).__name__


def made(kind: Kind, wanted: Settings, called: list[str], rows: list[np.ndarray | str]) -> Batch:
    pairs = list(zip(called, rows, strict=True))
    kept = [(name, found) for name, found in pairs if not isinstance(found, str)]
    if kept:
        stacked = kind.rows.conform(torch.from_numpy(np.stack([r for _, r in kept])), wanted)
    else:
        stacked = torch.empty(0)
    why = {name: found for name, found in pairs if isinstance(found, str)}
    return Batch([name for name, _ in kept], stacked, why)
