"""Tidy tables as Parquet: written whole, read with checksums and one clear error."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from distilshift.cli import whole_file
from distilshift.errors import InputError, rerun

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

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

VALIDATORS = [*IDENTITY, "validator", "value", "coverage", "collapsed"]
SELECTION = [*IDENTITY, "criterion", "value", "collapsed", "reason"]


def write(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with whole_file(path) as part:
        pq.write_table(table, part, write_page_checksum=True)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """For people and other programs: six digits, the same bytes on every run."""
    with whole_file(path) as part:
        frame.to_csv(part, index=False, float_format="%.6f")


@contextlib.contextmanager
def reading(path: Path, rule: str) -> Iterator[None]:
    """Turn what goes wrong with a Parquet file into one line that names it and its rule."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(path, "no such file", rerun(rule)) from None
    except (pa.ArrowException, OSError) as error:
        problem = f"damaged or not Parquet ({str(error).splitlines()[0][:120]})"
        raise InputError(path, problem, rerun(rule)) from None


def read(path: Path, rule: str, columns: list[str] | None = None) -> pd.DataFrame:
    """The table at ``path``.

    Args:
        rule: the rule that makes it, named in the error.
        columns: which must be there; read alone, if given.
    """
    with reading(path, rule):
        missing = set(columns or []) - set(pq.read_schema(path).names)
        if missing:
            raise InputError(path, f"has no column {', '.join(sorted(missing))}", rerun(rule))
        table = pq.read_table(path, columns=columns, page_checksum_verification=True)
    return table.to_pandas()


def read_all(paths: Iterable[Path], rule: str, columns: list[str]) -> pd.DataFrame:
    """The tables at ``paths``, one below the other; see ``read``."""
    return pd.concat([read(path, rule, columns) for path in paths], ignore_index=True)
