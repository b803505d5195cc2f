"""Parquet files that carry the sha256 of their own whole content, footer included.

Parquet's page checksums leave out dictionary pages, page headers, the footer and its
metadata. Here the footer's key ``distilshift.sha256`` holds the hash of the whole file as
it is with 64 zeros in the hash's own place. Other readers see one more key of metadata.
"""

import contextlib
import functools
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from distilshift.cli import whole_file
from distilshift.errors import InputError, rerun

import pyarrow as pa
import pyarrow.parquet as pq

KEY = "distilshift.sha256"
BLANK = b"0" * 64
# key and value as the footer holds them: Thrift writes a text as its length and its bytes
FIELD = KEY.encode() + b"\x18" + bytes([len(BLANK)])
CHUNK = 2**20  # bytes in memory at a time


@contextlib.contextmanager
def writing(path: Path, schema: pa.Schema, **options: object) -> Iterator[pq.ParquetWriter]:
    """Write a file table by table, whole or not at all, its hash at the end.

    Args:
        options: of ``pyarrow.parquet.ParquetWriter``.
    """
    with whole_file(path) as part:
        with pq.ParquetWriter(part, schema, **options) as writer:
            yield writer
            writer.add_key_value_metadata({KEY: BLANK.decode()})
        with part.open("r+b") as file:
            place = _place(file)
            if place is None:
                raise RuntimeError("the footer has no room for the hash")
            digest = _digest(file, place)
            file.seek(place)
            file.write(digest)


def write(table: pa.Table, path: Path) -> None:
    with writing(path, table.schema) as writer:
        writer.write_table(table)


def opened(path: Path, rule: str) -> pq.ParquetFile:
    """A file to be read from, its whole content verified.

    Args:
        rule: the rule that makes such a file, named in the error.

    Raises:
        InputError: the file is missing, damaged, or not of distilshift.
    """
    with failing_clearly(path, rule):
        check(path, rule)
        # pre_buffer would hold the whole of every open file in memory
        return pq.ParquetFile(path, pre_buffer=False)


@contextlib.contextmanager
def failing_clearly(path: Path, rule: str) -> Iterator[None]:
    """Turn what goes wrong with a Parquet file into one line that names it and its rule."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(path, "no such file", rerun(rule)) from None
    except (pa.ArrowException, OSError) as error:
        problem = f"not a whole Parquet file ({str(error).splitlines()[0][:120]})"
        raise InputError(path, problem, rerun(rule)) from None


def check(path: Path, rule: str) -> None:
    """Refuse a file that is not, byte for byte, what was written; once a process.

    Reads every byte, whatever is wanted of it.
    """
    path = Path(path)
    now = path.stat()
    whole = is_whole(path, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    if whole is None:
        pq.read_metadata(path)  # says what is wrong with a file that is no Parquet
        raise InputError(path, "was not written by distilshift", rerun(rule))
    if not whole:
        raise InputError(path, "damaged: its content does not match its sha256", rerun(rule))


@functools.lru_cache(maxsize=4096)
def is_whole(path: Path, *_state: int) -> bool | None:
    """Whether a file has the hash that it says; None where it says none."""
    with path.open("rb") as file:
        place = _place(file)
        if place is None:
            return None
        file.seek(place)
        return file.read(len(BLANK)) == _digest(file, place)


def _place(file: BinaryIO) -> int | None:
    """Where in a file its own hash stands: in the footer, once; None where it does not."""
    size = file.seek(0, os.SEEK_END)
    if size < 12:
        return None
    file.seek(size - 8)
    footer = int.from_bytes(file.read(4), "little")
    if file.read(4) != b"PAR1" or footer > size - 12:
        return None
    file.seek(size - 8 - footer)
    text = file.read(footer)
    if text.count(FIELD) != 1:
        return None
    return size - 8 - footer + text.index(FIELD) + len(FIELD)


def _digest(file: BinaryIO, place: int) -> bytes:
    """The hash, in hexadecimal, of a file with zeros at that place."""
    digest, left = hashlib.sha256(), place
    file.seek(0)
    while some := file.read(min(CHUNK, left)):
        digest.update(some)
        left -= len(some)
    digest.update(BLANK)
    file.seek(place + len(BLANK))
    while some := file.read(CHUNK):
        digest.update(some)
    return digest.hexdigest().encode()
