"""Texts of the user's own: files in folders, ``<domain>/<class>/*``, or a table.

A table is a ``.csv``, ``.jsonl`` or ``.parquet`` with the columns ``text``, ``label`` and
``domain``; a column ``id`` names the rows. Hidden names are never data, and what lies in a
domain and is not read is counted by reason.
"""

import codecs
from pathlib import Path

from distilshift.data import folders
from distilshift.data.archives import reading
from distilshift.data.base import Dataset, words
from distilshift.errors import InputError
from distilshift.text.datasets.texts import Sample, dataset
from distilshift.text.settings import Input

import pandas as pd

SUFFIXES = words(".txt .text .md")
READERS = {
    ".csv": lambda path: pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig"),
    ".jsonl": lambda path: pd.read_json(path, lines=True, dtype=False, encoding="utf-8"),
    ".parquet": pd.read_parquet,
}
COLUMNS = ("text", "label", "domain")
OWN = "that of its owner"


def folder(root: Path, domain: str, wanted: Input) -> Dataset:
    """The texts of one domain: ``root/domain/<class>/*``, or rows of the table ``root``.

    The classes are those of all domains, so that every domain has the same.
    """
    if root.is_file():
        return table(root, domain, wanted)
    here, classes = folders.domain(root, domain, "texts")
    found, left_out = folders.search(here, SUFFIXES)
    samples, unreadable = [], {}
    for label, name, path in found:
        try:
            samples.append(Sample(name, read(path.read_bytes()), classes.index(label)))
        except (OSError, ValueError) as error:
            unreadable[name] = getattr(error, "strerror", None) or str(error)
    if not samples and unreadable:
        name, why = next(iter(unreadable.items()))
        problem = f"none of its {len(unreadable)} texts can be read; {name}: {why}"
        raise InputError(here, problem, "write them as UTF-8")
    return dataset(here, samples, classes, OWN, wanted, left_out=left_out, unreadable=unreadable)


def read(content: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 that begins with its mark of byte order.

    Raises:
        ValueError: it is neither; says where it stops being so.
    """
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    name = "UTF-16" if is_wide else "UTF-8"
    try:
        return content.decode(name)
    except UnicodeDecodeError as error:
        at = content[error.start]
        raise ValueError(f"is no {name}: byte 0x{at:02x} at {error.start}") from None


def table(path: Path, domain: str, wanted: Input) -> Dataset:
    """The rows of a table whose column ``domain`` says so.

    Raises:
        InputError: another kind of file, a column that is not there, no such domain.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        problem = f"a table of that suffix is not read; allowed: {', '.join(READERS)}"
        raise InputError(path, problem)
    with reading(path):
        content = reader(path)
    missing = [name for name in COLUMNS if name not in content.columns]
    if missing:
        there = ", ".join(map(str, content.columns))
        problem = f"has no column {', '.join(missing)}; it has {there}"
        raise InputError(path, problem, "name its columns text, label, domain")
    content = content.reset_index(drop=True)
    blank = content[list(COLUMNS)].isna().any(axis=1)
    for name in ("label", "domain"):
        content[name] = content[name].map(spelt)
    rows = content[(content["domain"] == domain) & ~blank]
    if rows.empty:
        known = ", ".join(sorted(set(content["domain"][~blank]))) or "none"
        raise InputError(path, f"has no row of the domain {domain}; it has {known}")
    classes = sorted(set(content["label"][~blank]))
    called = rows["id"].map(spelt) if "id" in rows else rows.index.map(str)
    samples = [
        Sample(name, str(text), classes.index(label))
        for name, text, label in zip(called, rows["text"], rows["label"], strict=True)
    ]
    nothing = [str(number) for number in content.index[blank]]
    left_out = {"a row without text, label or domain": nothing} if nothing else None
    return dataset(path, samples, classes, OWN, wanted, left_out=left_out)


def spelt(value: object) -> str:
    """A value of a table as text: 1.0, which a column of numbers with gaps makes of 1, is 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
