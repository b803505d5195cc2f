"""The tables that documents are made from: which there are, where they come from, unchanged.

``docs/tables.toml`` lists the experiments and their tables, ``docs/tables.json`` what is known
about each; the tables are ``docs/<name>.csv``.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import NamedTuple

from distilshift.errors import InputError
from distilshift.files import documents

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
    """Every published table of ``docs/``, held against its sha256.

    Raises:
        InputError: a table was changed by hand, or lies there without a record.
    """
    known, tables, missing = record(folder), {}, []
    for experiment, entry in listed(folder).items():
        hashes = known.get(experiment, {}).get("tables", {})
        for name in entry["tables"]:
            path = folder / f"{name}.csv"
            if not path.exists():
                missing.append(name)
                continue
            if hashes.get(name) != sha256(path):
                problem = (
                    "is not the table that was published" if name in hashes else "has no record"
                )
                raise InputError(path, f"{problem} ({RECORD})", REMEDY)
            tables[name] = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return Published(tables, missing, known)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
