"""Rows from anywhere, for a network that is applied: files, folders, tables, domains.

A batch is in memory at a time, whatever there is in all. What cannot be read is named with the
reason, and the rest goes on.
"""

import functools
import itertools
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from distilshift.data import folders, own_tables
from distilshift.data.kinds import Kind
from distilshift.errors import InputError
from distilshift.files import names, tensors
from distilshift.settings import Settings

import numpy as np
import torch
from torch import Tensor

BATCH = own_tables.BATCH
DOMAIN = ".safetensors"  # a domain's own inputs
Item = tuple[str, Callable[[], bytes | str | None]]  # a name, and what gives the content, if any


class Batch(NamedTuple):
    names: list[str]  # n
    rows: Tensor  # (n, ...), as a domain of the kind keeps them
    unreadable: list[tuple[str, str]]  # name, and why; two may be called alike


def read(
    paths: list[Path],
    kind: Kind,
    wanted: Settings,
    batch: int = BATCH,
    most: int | None = None,
) -> Iterator[Batch]:
    """The rows of all paths, one after the other.

    A path is a file that holds a row; a folder, of which every file with such a suffix is
    read, at any depth; a table, ``.csv``, ``.jsonl`` or ``.parquet``, whose column
    ``kind.reader.COLUMN`` holds paths (relative to the table) or texts; or the
    ``.safetensors`` inputs of a domain. A file is called by its path, a row of a table by its
    column ``id``, else by that path, else by its number, a domain's row as the domain calls it.

    Args:
        wanted: what a row is, an ``Input`` of the kind.
        batch: rows at a time, at most.
        most: of each path at most so many, spread evenly over it; no others are decoded.

    Raises:
        InputError: a path that is not there, or a table or domain that cannot be used.
    """
    for path in paths:
        if not path.exists():
            raise InputError(path, "no such file or folder")
        if path.suffix.lower() in own_tables.OTHERS and path.is_file():
            own_tables.check_suffix(path)
    with ThreadPoolExecutor(min(8, len(os.sched_getaffinity(0)))) as pool:
        for is_domain, some in itertools.groupby(paths, lambda path: path.suffix == DOMAIN):
            if is_domain:
                for path in some:
                    yield from of_domain(path, kind, wanted, batch, most)
                continue
            waiting = itertools.chain.from_iterable(spread(path, kind, most) for path in some)
            while found := list(itertools.islice(waiting, batch)):
                rows = list(pool.map(lambda item: row(item, kind, wanted), found))
                yield made(kind, wanted, [name for name, _ in found], rows)


def of_domain(
    path: Path, kind: Kind, wanted: Settings, batch: int, most: int | None
) -> Iterator[Batch]:
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
    for some in torch.from_numpy(even(len(called), most)).split(batch):
        yield Batch(called.take(some.numpy()).to_pylist(), content["inputs"][some], [])


def even(count: int, most: int | None) -> np.ndarray:
    """At most so many of the numbers below ``count``, evenly over all, rising; all, if None."""
    few = count if most is None else min(count, most)
    return np.arange(few) * count // max(few, 1)


def spread(path: Path, kind: Kind, most: int | None) -> Iterator[Item]:
    """At most so many of what a path holds, evenly over all: a folder is sorted by class."""
    if most is None:
        return items(path, kind)
    # a table is read twice, as its rows hold their texts; a folder once, as it logs what it skips
    found = list(items(path, kind)) if path.is_dir() else None
    count = sum(1 for _ in found or items(path, kind))
    chosen = set(even(count, most).tolist())
    return (item for number, item in enumerate(found or items(path, kind)) if number in chosen)


def items(path: Path, kind: Kind) -> Iterator[Item]:
    """What a path holds, in an order that is the same on every machine."""
    if path.is_dir():
        for inside in folders.every(path, kind.reader.SUFFIXES):
            yield str(inside), functools.partial(folders.content, inside)
    elif path.suffix.lower() in own_tables.READERS:
        yield from of_table(path, kind.reader.COLUMN)
    else:
        yield str(path), path.read_bytes


def of_table(path: Path, column: str) -> Iterator[Item]:
    """The rows of a table, read part by part."""
    for number, row in enumerate(own_tables.read(path, [column])):
        value, otherwise = row.get(column), str(number)
        if column == "path":
            otherwise = value if isinstance(value, str) and value else otherwise
            content = functools.partial(file_at, path.parent, value)
        else:
            content = functools.partial(own_tables.text, value)
        yield own_tables.called(path, row, otherwise), content


def file_at(folder: Path, value: object) -> bytes | None:
    """What is in the file that a value names; None where it names none."""
    place = own_tables.text(value)
    return (folder / place).read_bytes() if place else None


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
        dtype = getattr(torch, kind.rows.STORED[0])
        stacked = torch.empty(0, *kind.rows.shape(wanted), dtype=dtype)
    why = [(name, found) for name, found in pairs if isinstance(found, str)]
    return Batch([name for name, _ in kept], stacked, why)
