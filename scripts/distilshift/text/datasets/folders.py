"""Texts of the user's own: files in folders, ``<domain>/<class>/*``, or a table.

A table is a ``.csv``, ``.jsonl`` or ``.parquet`` with the columns ``text``, ``label`` and
``domain``; a column ``id`` names the rows. Hidden names are never data, and what lies in a
domain and is not read is counted by reason.
"""

from collections import Counter
from pathlib import Path

from distilshift.data import folders, own_tables
from distilshift.data.base import Dataset, words
from distilshift.errors import InputError
from distilshift.text.datasets.texts import Sample, dataset, shortened
from distilshift.text.encoding import clean
from distilshift.text.settings import Input

SUFFIXES = words(".txt .text .md")
COLUMNS = ("text", "label", "domain")
OWN = "that of its owner"
NOTHING = "a row without text, label or domain"
SHARED = "an id that another row has, so that it names neither"


def folder(root: Path, domain: str, wanted: Input) -> Dataset:
    """The texts of one domain: ``root/domain/<class>/*``, or rows of the table ``root``.

    The classes are those of all domains, so that every domain has the same.

    Raises:
        InputError: no such folder or table, or no text in it.
    """
    if root.is_file():
        return table(root, domain, wanted)
    if root.suffix.lower() in own_tables.READERS and not root.exists():
        raise InputError(root, "there is no such file", "paths start where you are")
    here, classes = folders.domain(root, domain, "texts")
    found, left_out = folders.search(here, SUFFIXES)
    samples, unreadable = [], {}
    for label, name, path in found:
        try:
            text = shortened(own_tables.decoded(path.read_bytes()), wanted)
            samples.append(Sample(name, text, classes.index(label)))
        except (OSError, ValueError) as error:
            unreadable[name] = getattr(error, "strerror", None) or str(error)
    return gathered(here, samples, classes, wanted, left_out, unreadable)


def gathered(
    where: Path,
    samples: list[Sample],
    classes: list[str],
    wanted: Input,
    left_out: dict[str, list[str]],
    unreadable: dict[str, str],
) -> Dataset:
    """The dataset of a folder or table; see ``texts.dataset``.

    Raises:
        InputError: no text of it can be read.
    """
    if not samples and unreadable:
        name, why = next(iter(unreadable.items()))
        problem = f"no text of {len(unreadable)} can be read; {name}: {why}"
        raise InputError(where, problem, "write them as UTF-8")
    return dataset(where, samples, classes, OWN, wanted, left_out=left_out, unreadable=unreadable)


def table(path: Path, domain: str, wanted: Input) -> Dataset:
    """The rows of a table whose column ``domain`` says so, in any Unicode form.

    Raises:
        InputError: a table that cannot be read, a value that is no text, no such domain.
    """
    found, nothing, unreadable = [], [], {}
    classes, known, domain = set(), set(), clean(domain)
    for number, row in enumerate(own_tables.read(path, COLUMNS)):
        name = own_tables.called(path, row, str(number))
        label, where = (cell(path, row, name, column) for column in ("label", "domain"))
        if not label or not where or own_tables.is_gap(row.get("text")):
            nothing.append(name)
            continue
        classes.add(label)
        known.add(where)
        if where != domain:
            continue
        try:
            found.append((name, shortened(own_tables.text(row["text"]), wanted), label))
        except ValueError as error:
            unreadable[name] = str(error)
        except TypeError as error:
            raise own_tables.unfit(path, name, "text", error) from None
    if domain not in known:
        there = ", ".join(sorted(known)) or "none"
        problem = f"has no row of the domain {domain}; it has {there}"
        raise InputError(
            path, problem + (f"; left out: {len(nothing)} {NOTHING}" if nothing else "")
        )
    names = sorted(classes)
    samples = [Sample(name, text, names.index(label)) for name, text, label in found]
    left_out = {NOTHING: nothing} if nothing else {}
    data = gathered(path, samples, names, wanted, left_out, unreadable)
    times = Counter(data.names)
    shared = [name for name in data.names if times[name] > 1]
    if shared:
        data.notes[SHARED] = shared
    return data


def cell(path: Path, row: own_tables.Row, name: str, column: str) -> str:
    """A label or domain: a name in the one form that names are compared in; "" for none.

    Raises:
        InputError: it is no text.
    """
    try:
        return clean(own_tables.text(row.get(column)) or "")
    except (TypeError, ValueError) as error:
        raise own_tables.unfit(path, name, column, error) from None
