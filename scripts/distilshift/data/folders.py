"""Folders of files, ``<domain>/<class>/*``, of any kind of data.

Hidden names are never data, links are followed, and what lies in a domain and is not read
is counted by reason. A name in two Unicode forms is one class.
"""

import os
import stat
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from distilshift.cli import log
from distilshift.errors import InputError

# beside all that begin with a dot: what systems and archivers leave behind; the workflow reads it
HIDDEN = {
    "__macosx",
    "thumbs.db",
    "desktop.ini",
    "@eadir",
    "$recycle.bin",
    "#recycle",
    "system volume information",
    "lost+found",
    "__pycache__",
}


def is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in HIDDEN


def text(name: str) -> str | None:
    """A file's name as text, which is UTF-8 whatever the locale is; None where it is not."""
    try:
        return os.fsencode(name).decode()
    except UnicodeDecodeError:
        return None


class Found(NamedTuple):
    """What lies in a domain's class folders."""

    files: list[tuple[str, str, Path]]  # class, name relative to the domain, place
    left_out: dict[str, list[str]]  # reason -> names


def search(here: Path, suffixes: Collection[str]) -> Found:
    """Every file of ``here/<class>/**`` with such a suffix or none, in the order of their names.

    Args:
        suffixes: in lower case, with their dots.
    """
    files, left_out = [], defaultdict(list)

    def walk(folder: Path, parts: tuple[str, ...], above: frozenset) -> None:
        try:
            status = folder.stat()
            entries = list(os.scandir(folder))
        except OSError as error:
            left_out[f"a folder that cannot be read: {error.strerror}"].append("/".join(parts))
            return
        if (status.st_dev, status.st_ino) in above:
            left_out["a link to a folder that it lies in"].append("/".join(parts))
            return
        above |= {(status.st_dev, status.st_ino)}
        for entry in entries:
            called = text(entry.name)
            if called is None:
                escaped = os.fsencode(entry.name).decode(errors="backslashreplace")
                left_out["a name that is not UTF-8"].append("/".join((*parts, escaped)))
                continue
            inside = (*parts, called)
            why = reason(entry, called, len(parts), suffixes)
            if why is not None:
                left_out[why].append("/".join(inside))
            elif entry.is_dir():
                walk(folder / entry.name, inside, above)
            else:
                label = unicodedata.normalize("NFC", inside[0])
                files.append((label, "/".join(inside), folder / entry.name))

    walk(here, (), frozenset())
    return Found(
        sorted(files, key=lambda found: (found[0], found[1].split("/"))),
        {why: sorted(names) for why, names in sorted(left_out.items())},
    )


def every(here: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """Every file below a folder with such a suffix or none, one after the other; no ``<class>``.

    A folder's files come in the order of their names, those of a folder in it in its place;
    one that cannot be looked into comes itself, and ``content`` says why.
    What is not data is said in the log, counted by reason.
    """
    left_out: Counter = Counter()

    def walk(folder: Path, above: frozenset) -> Iterator[Path]:
        try:
            status = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            yield folder
            return
        if (status.st_dev, status.st_ino) in above:
            left_out["a link to a folder that it lies in"] += 1
            return
        above |= {(status.st_dev, status.st_ino)}
        for entry in entries:
            why = reason(entry, entry.name, 1, suffixes)
            if why is not None:
                left_out[why] += 1
            elif entry.is_dir():
                yield from walk(folder / entry.name, above)
            else:
                yield folder / entry.name

    yield from walk(here, frozenset())
    for why, count in sorted(left_out.items()):
        log.info("%s: %d left out: %s", here, count, why)


def content(path: Path) -> bytes:
    """The bytes of what ``every`` gave.

    Raises:
        OSError: it cannot be read, or is a folder that cannot be looked into.
    """
    if path.is_dir():
        os.scandir(path).close()
    return path.read_bytes()


def reason(entry: os.DirEntry, name: str, depth: int, suffixes: Collection[str]) -> str | None:
    """Why what was found is not looked into or read; None where it is."""
    if is_hidden(name):
        return "hidden"
    try:
        mode = entry.stat().st_mode
    except OSError:  # a link to nothing, or to itself
        return "a link to nothing"
    if stat.S_ISDIR(mode):
        return None
    if not stat.S_ISREG(mode):
        return "no file"  # a pipe would be waited for without end
    if depth == 0:
        return "in no class folder"
    suffix = PurePosixPath(name).suffix.lower()
    return None if suffix in suffixes or not suffix else f"suffix {suffix}"


def subfolders(root: Path) -> list[Path]:
    """The folders in a folder, in order, without hidden ones.

    Raises:
        InputError: it cannot be looked into.
    """
    try:
        found = [path for path in root.iterdir() if path.is_dir()]
    except OSError as error:
        raise InputError(root, f"cannot be read ({error.strerror})", "give it to be read") from None
    return sorted(path for path in found if text(path.name) and not is_hidden(path.name))


def classes_of(domains: list[Path]) -> list[str]:
    """The class names of all of these folders, each once."""
    return sorted(
        {
            unicodedata.normalize("NFC", text(label.name))
            for path in domains
            for label in subfolders(path)
        }
    )


def same_text(one: str, other: str) -> bool:
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def domain(root: Path, name: str, what: str) -> tuple[Path, list[str]]:
    """The folder ``root/name`` and the classes of all domains of ``root``.

    The classes are those of all, so that every domain has the same.

    Args:
        what: what is expected in it, for the error.

    Raises:
        InputError: there is no such folder; says which there are.
    """
    domains = subfolders(root) if root.is_dir() else []
    here = root / name
    if not here.is_dir():  # perhaps the same name in another Unicode form
        alike = [path for path in domains if same_text(path.name, name)]
        if not alike:
            known = ", ".join(path.name for path in domains)
            problem = f"no such folder; {root} holds {known}" if known else "no such folder"
            raise InputError(here, problem, f"put the {what} there: <domain>/<class>/*")
        here = alike[0]
    return here, classes_of([*domains, here])
