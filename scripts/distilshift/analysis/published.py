"""The tables that documents are made from: which there are, where they come from, unchanged.

``docs/tables.toml`` lists the experiments and their tables, ``docs/tables.json`` what is known
about each; the tables are ``docs/<name>.csv``, the figures ``docs/figures/<name>.svg``.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import NamedTuple

from distilshift.errors import InputError
from distilshift.files import documents, tables

import pandas as pd

LIST, RECORD = "tables.toml", "tables.json"
REMEDY = "take it over from results: python scripts/publish.py --help"


class Published(NamedTuple):
    """What is there.

    tables: by name, of those listed the ones that were published.
    missing: the names of the others.
    record: of each experiment what is known about the run: its config, versions, machine.
    """

    tables: dict[str, pd.DataFrame]
    missing: list[str]
    record: dict[str, dict]


def listed(folder: Path) -> dict[str, dict]:
    """The experiments of ``docs/tables.toml``: config, tables and figures of each.

    Raises:
        InputError: no such file, no TOML, or two tables of one name.
    """
    path = folder / LIST
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read: {error}") from None
    names = [name for one in found.values() for name in one["tables"]]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(path, f"lists two tables of the name {sorted(twice)[0]}")
    return found


def record(folder: Path) -> dict[str, dict]:
    """What is known about each published experiment; nothing yet where nothing was."""
    path = folder / RECORD
    return documents.read(path, "publish")["experiments"] if path.exists() else {}


def load(folder: Path) -> Published:
    """Every published table of ``docs/``, held against its sha256, as every figure is.

    Raises:
        InputError: a table or a figure was changed by hand, or lies there without a record.
    """
    known, found, missing = record(folder), {}, []
    for experiment, entry in listed(folder).items():
        run = known.get(experiment, {})
        for name in entry["tables"]:
            path = folder / f"{name}.csv"
            if not path.exists():
                missing.append(name)
                continue
            held(path, run.get("tables", {}), "table")
            found[name] = pd.read_csv(path, keep_default_na=False, na_values=[""])
        for name in entry.get("figures", []):
            path = folder / "figures" / f"{name}.svg"
            if path.exists():
                held(path, run.get("figures", {}), "figure")
    return Published(found, missing, known)


def held(path: Path, hashes: dict[str, str], what: str) -> None:
    """A file against the hash that was recorded of it."""
    if hashes.get(path.stem) != sha256(path):
        changed = path.stem in hashes
        problem = f"is not the {what} that was published" if changed else "has no record"
        raise InputError(path, f"{problem} ({RECORD})", REMEDY)


def drawn(name: str, published: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A published table as figures read it.

    ``<ladder>-places`` is its transfers' sources and targets; of the values of each seed,
    ``<ladder>-runs``, and of places, there is every column of measurements.

    Raises:
        InputError: it is not published.
    """
    of = name.removesuffix("-places")
    if of not in published:
        raise InputError(name, "is not published", f"there are {', '.join(published)}")
    table = published[of]
    if of != name:
        ends = table["transfer"].str.split("-to-", n=1, expand=True)
        table = table[["transfer"]].assign(source=ends[0], target=ends[1]).drop_duplicates()
    if name.endswith(("-runs", "-places")):
        return table.reindex(columns=[*tables.METRICS, *table.columns.difference(tables.METRICS)])
    return table


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
