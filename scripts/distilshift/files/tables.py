"""Tidy tables as Parquet: written whole, verified when read, with one clear error."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from distilshift.cli import whole_file
from distilshift.errors import InputError, rerun
from distilshift.files import parquet

import pandas as pd
import pyarrow as pa
import pyarrow.csv

# the columns of results/metrics.parquet, in order: a contract
IDENTITY = [
    "transfer",
    "source",
    "target",
    "network",
    "teacher",
    "adaptation",
    "method",
    "student",
    "round",
    "seed",
]
METRICS = [
    *IDENTITY,
    "domain",
    "split",
    "metric",
    "value",
    "device",
    "parameters",
    "training_seconds",
]

EXPERIMENT = ["experiment", "config_sha256"]  # columns that summarize adds
PAIR = ["label", "prediction", "class", "predicted_class"]  # of a prediction: number and name

VALIDATORS = [*IDENTITY, "validator", "value", "coverage", "collapsed"]
SELECTION = [*IDENTITY, "criterion", "value", "collapsed", "reason"]


KEY = b"distilshift"  # of a file's metadata


def write(frame: pd.DataFrame, path: Path, about: dict | None = None) -> None:
    """Write a table, and beside its rows what is to be known ``about`` it: JSON-able facts."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    if about is not None:
        text = json.dumps(about, sort_keys=True)
        table = table.replace_schema_metadata({**table.schema.metadata, KEY: text.encode()})
    parquet.write(table, path)


def about(path: Path, rule: str) -> dict | None:
    """What a table says about itself; None where it says nothing.

    Args:
        rule: the rule that makes it, named in the error.
    """
    with parquet.failing_clearly(path, rule), parquet.opened(path, rule) as file:
        metadata = file.schema_arrow.metadata or {}
    return json.loads(metadata[KEY]) if KEY in metadata else None


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """For people and other programs: six digits, the same bytes on every run."""
    with whole_file(path) as part:
        frame.to_csv(part, index=False, float_format="%.6f")


def read(path: Path, rule: str, columns: list[str] | None = None) -> pd.DataFrame:
    """The table at ``path``.

    Args:
        rule: the rule that makes it, named in the error.
        columns: which must be there; read alone, if given.
    """
    with parquet.failing_clearly(path, rule), parquet.opened(path, rule) as file:
        missing = set(columns or []) - set(file.schema_arrow.names)
        if missing:
            raise InputError(path, f"has no column {', '.join(sorted(missing))}", rerun(rule))
        table = file.read(columns)
    return table.cast(pa.schema(map(_plain, table.schema))).to_pandas()


def _plain(field: pa.Field) -> pa.Field:
    """A column without the dictionary of its values: groups and joins see what is there."""
    is_coded = pa.types.is_dictionary(field.type)
    return field.with_type(field.type.value_type) if is_coded else field


def read_all(paths: Iterable[Path], rule: str, columns: list[str]) -> pd.DataFrame:
    """The tables at ``paths``, one below the other; see ``read``."""
    return pd.concat([read(path, rule, columns) for path in paths], ignore_index=True)


PART = 16_384  # rows of a row group, so that its own description stays small beside it


@contextlib.contextmanager
def writing(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Write a table part by part, whole or not at all: ``.csv``, else Parquet."""
    if path.suffix.lower() == ".csv":
        with whole_file(path) as part, pa.csv.CSVWriter(part, schema) as writer:
            yield writer.write_table
        return
    waiting: list[pa.Table] = []
    with parquet.writing(path, schema) as writer:

        def write_table(table: pa.Table) -> None:
            waiting.append(table)
            if sum(map(len, waiting)) >= PART:
                writer.write_table(pa.concat_tables(waiting))
                waiting.clear()

        yield write_table
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
