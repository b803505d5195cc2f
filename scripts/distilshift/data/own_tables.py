"""Tables of the user's own, ``.csv``, ``.jsonl`` or ``.parquet``: their values as they stand there.

No type is guessed for a column and none becomes an index, so that an id of many digits is the
same whichever rows lie around it. Datasets are made of tables and networks are asked about them
by the same functions: one row is one text in both.
"""

import codecs
import decimal
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from distilshift.data.archives import reading
from distilshift.errors import InputError

import pandas as pd
import pyarrow.parquet as pq

BATCH = 256  # rows in memory at a time
SEPARATORS = {";": ";", "\t": "tabs"}  # that other programs write, and what they are called
Row = dict[str, object]  # column -> value; where there is none, None or no key


class Part(NamedTuple):
    columns: list[str]  # of the whole table
    rows: list[Row]


def of_csv(path: Path, wanted: Sequence[str]) -> Iterator[Part]:
    how = {"dtype": str, "keep_default_na": False, "encoding": "utf-8-sig"}
    check_separator(path, pd.read_csv(path, header=None, nrows=1, **how).iloc[0].tolist())
    columns: list[str] = []
    # the names are read as a row: below a header pandas takes the first of too many fields for an
    # index, and every column for its neighbour's
    with pd.read_csv(path, header=None, chunksize=BATCH, **how) as chunks:
        for chunk in chunks:
            rows = chunk.to_numpy().tolist()
            columns = columns or rows.pop(0)
            yield Part(columns, [dict(zip(columns, row, strict=True)) for row in rows])


def check_separator(path: Path, names: list[str]) -> None:
    """Raises InputError where what should be several names is one, with another separator in it."""
    found = [called for mark, called in SEPARATORS.items() if mark in names[0]]
    if len(names) == 1 and found:
        raise InputError(path, f"is separated by {found[0]}", "write commas between its fields")


def of_jsonl(path: Path, wanted: Sequence[str]) -> Iterator[Part]:
    # twice: a name may stand in the last line alone
    yield Part(list(dict.fromkeys(name for row in objects(path) for name in row)), [])
    rows = objects(path)
    while some := list(itertools.islice(rows, BATCH)):
        yield Part([], some)


def objects(path: Path) -> Iterator[Row]:
    """The objects of a file that has one a line.

    Raises:
        ValueError: a line is none; says which.
    """
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"line {number}, column {error.colno}: {error.msg}") from None
            except RecursionError:
                raise ValueError(f"line {number} is nested too deep") from None
            if not isinstance(found, dict):
                raise ValueError(f"line {number} is no object")
            yield found


def of_parquet(path: Path, wanted: Sequence[str]) -> Iterator[Part]:
    with pq.ParquetFile(path) as file:
        columns = file.schema_arrow.names
        yield Part(columns, [])
        for batch in file.iter_batches(BATCH, columns=[n for n in wanted if n in columns]):
            yield Part(columns, batch.to_pylist())


READERS: dict[str, Callable[[Path, Sequence[str]], Iterator[Part]]] = {
    ".csv": of_csv,
    ".jsonl": of_jsonl,
    ".parquet": of_parquet,
}
# tables that are not read: as a file that holds a row one would be a single text
OTHERS = (".tsv", ".tab", ".json", ".ndjson", ".xls", ".xlsx", ".ods", ".feather", ".arrow")
MEND = {
    ".csv": "write it as UTF-8, as many fields in a row as in the first, quotes around commas",
    ".jsonl": "write it as UTF-8, an object a line",
    ".parquet": "write it again",
}


def read(path: Path, needed: Sequence[str]) -> Iterator[Row]:
    """The rows of a table, of which a part is in memory at a time.

    Args:
        needed: columns that must be there; they are read, and ``id``.

    Raises:
        InputError: another kind of file, one that cannot be read, a column that is not there or
            is there twice.
    """
    check_suffix(path)
    suffix = path.suffix.lower()
    with reading(path, MEND[suffix]):
        parts = READERS[suffix](path, [*needed, "id"])
        for number, part in enumerate(parts):
            if number == 0:
                check_columns(path, part.columns, needed)
            yield from part.rows


def check_suffix(path: Path) -> None:
    """Raises InputError where no reader is known."""
    if path.suffix.lower() not in READERS:
        problem = f"a table of that suffix is not read; allowed: {', '.join(READERS)}"
        raise InputError(path, problem)


def check_columns(path: Path, columns: list[str], needed: Sequence[str]) -> None:
    """Raises InputError where a column is not there, or a name is that of two."""
    twice = [name for name in (*needed, "id") if columns.count(name) > 1]
    if twice:
        raise InputError(path, f"has several columns {', '.join(twice)}", "name one alone so")
    missing = [name for name in needed if name not in columns]
    if missing:
        alike = [name for name in columns if name.strip().casefold() in missing]
        meant = f"did you mean {', '.join(map(repr, alike))}? " if alike else ""
        problem = f"has no column {', '.join(missing)}; it has {', '.join(columns) or 'none'}"
        raise InputError(path, problem, f"{meant}it needs {', '.join(needed)}")


def called(path: Path, row: Row, otherwise: str) -> str:
    """What a row is called: its ``id``, or what is given where it has none.

    Raises:
        InputError: its id is no text.
    """
    try:
        return text(row.get("id")) or otherwise
    except (TypeError, ValueError) as error:
        raise unfit(path, otherwise, "id", error) from None


def unfit(path: Path, name: str, column: str, error: Exception) -> InputError:
    """The error for a value that is no text."""
    return InputError(path, f"row {name}, column {column}: {error}", "write a text there")


def is_gap(value: object) -> bool:
    return value is None or value != value  # what is no number equals nothing


def text(value: object) -> str | None:
    """A value as the text that it stands for; None where there is none.

    1.0, which a column of numbers with gaps makes of 1, is 1, and so is 1.00, as a column of
    decimals has it.

    Raises:
        TypeError: it is a list or an object.
        ValueError: it is bytes that are no text, or holds U+0000.
    """
    if is_gap(value):
        return None
    if isinstance(value, bytes):
        return decoded(value)
    if isinstance(value, list | dict):
        raise TypeError(f"is {'a list' if isinstance(value, list) else 'an object'}, not a text")
    if isinstance(value, decimal.Decimal) and value.is_finite():
        whole, _, part = f"{value:f}".partition(".")
        return f"{whole}.{part}".rstrip("0") if part.strip("0") else str(int(whole))
    is_whole = isinstance(value, float) and value.is_integer()
    return without_nul(str(int(value)) if is_whole else str(value))


def decoded(content: bytes) -> str:
    """The text of a file or value: UTF-8, or UTF-16 that begins with its mark of byte order.

    Raises:
        ValueError: it is neither, or holds U+0000; says where it stops being so.
    """
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    name = "UTF-16" if is_wide else "UTF-8"
    try:
        return without_nul(content.decode(name))
    except UnicodeDecodeError as error:
        at = content[error.start]
        raise ValueError(f"is no {name}: byte 0x{at:02x} at {error.start}") from None


def without_nul(text: str) -> str:
    """The text: one that holds U+0000 is UTF-16 without its mark, UTF-32, or none at all.

    Raises:
        ValueError: it holds one; says where.
    """
    if "\0" in text:
        raise ValueError(f"is no text: U+0000 at {text.index(chr(0))}")
    return text
