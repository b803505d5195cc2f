"""Pictures in folders, ``<domain>/<class>/*``, and EuroSAT's zip of them."""

import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from distilshift.cli import counted
from distilshift.data import folders
from distilshift.data.archives import Archive, Finder, by_hand, reading
from distilshift.data.base import Dataset
from distilshift.errors import InputError
from distilshift.image.datasets.by_hand import SETS
from distilshift.image.datasets.pictures import SUFFIXES, Decoded, shown
from distilshift.image.settings import Input

import numpy as np


def folder(root: Path, domain: str, wanted: Input, licence: str = "that of its owner") -> Dataset:
    """The pictures of one domain, ``root/domain/<class>/*``.

    Where ``root/<domain>_train.txt`` and ``_test.txt`` lie (lines: path, label), they are
    the official split (DomainNet).
    """
    here, classes = folders.domain(root, domain, "pictures")
    return pictures(here, classes, wanted.size, licence, root)


def known(name: str, domain: str):
    """The loader of one domain of a set that must be fetched by hand."""
    domains, source = SETS[name]

    def place(root: Path, which: str) -> Path | None:
        return next((root / f for f in domains[which] if (root / f).is_dir()), None)

    def load(find: Finder) -> Dataset:
        root = find.archive_dir / name if find.archive_dir else Path("<archive_dir>") / name
        here = place(root, domain)
        if here is None:
            words = (
                f"get it from {source}, and put it into the folder {name} of archive_dir:"
                f" {', '.join(f[0] for f in domains.values())}, each <class>/<pictures>;"
                " no checksum is published, the manifest keeps that of what was read"
            )
            raise by_hand(f"{name}-{domain}", root / domains[domain][0], words)
        all_here = [path for path in (place(root, which) for which in domains) if path]
        return pictures(here, folders.classes_of(all_here), find.wanted.size, f"see {source}", root)

    return load


def pictures(here: Path, classes: list[str], side: int, licence: str, root: Path) -> Dataset:
    """The pictures of a domain, split as the official lists in ``root`` say, if they lie there."""
    found, left_out = folders.search(here, SUFFIXES)
    if not found:
        problem = "holds no picture in <class>/*"
        if left_out:
            counts = ", ".join(f"{len(names)} {why}" for why, names in left_out.items())
            problem += f"; left out: {counts}"
        raise InputError(here, problem, "put the pictures there")
    train = None
    lists = [root / f"{here.name}_{split}.txt" for split in ("train", "test")]
    there = [path for path in lists if path.is_file()]
    if len(there) == 1:
        missing = next(path for path in lists if path not in there)
        raise InputError(missing, f"is not there, but {there[0].name} is", "a split needs both")
    if there:
        split = listed(lists, found, here.relative_to(root).as_posix())
        train, chosen = len(split[0]), {*split[0], *split[1]}
        unlisted = [name for number, (_, name, _) in enumerate(found) if number not in chosen]
        if unlisted:
            left_out["named by no official list"] = unlisted
        found = [found[number] for number in [*split[0], *split[1]]]
    places = {label: number for number, label in enumerate(classes)}

    def read(number: int) -> bytes:
        return found[number][2].read_bytes()

    names = [name for _, name, _ in found]
    return Dataset(
        Decoded(names, read, side, left_out),
        np.array([places[label] for label, _, _ in found], np.int64),
        classes,
        licence,
        train=train,
        names=names,
    )


def listed(lists: list[Path], found: list[tuple[str, str, Path]], domain: str) -> list[list[int]]:
    """The pictures that each official list names, by their number and in its order.

    A line is a path relative to the root and, after a blank or tab, the number of its class.

    Raises:
        InputError: a picture that is not there, or one named twice, by one list or by both;
            numbers that are not one a class.
    """
    number_of = {f"{domain}/{name}": number for number, (_, name, _) in enumerate(found)}
    for name in list(number_of):  # lists may be in the other Unicode form than the disk
        number_of.setdefault(unicodedata.normalize("NFC", name), number_of[name])
    seen: dict[int, Path] = {}
    label_of: dict[str, str] = {}
    class_of: dict[str, str] = {}
    split = []
    for path in lists:
        numbers = []
        missing = []
        for name, label in list_lines(path, number_of):
            number = number_of.get(name, number_of.get(unicodedata.normalize("NFC", name)))
            if number is None:
                missing.append(name)
                continue
            if number in seen:
                by = "it twice" if seen[number] == path else f"what {seen[number].name} names too"
                problem = f"names {by}: {shown(name)}"
                raise InputError(path, problem, "a picture is in one half, once: mend the lists")
            seen[number] = path
            numbers.append(number)
            theirs = found[number][0]
            if label and (
                label_of.setdefault(theirs, label) != label
                or class_of.setdefault(label, theirs) != theirs
            ):
                problem = f"gives {shown(name)} the label {label}, other lines say otherwise"
                raise InputError(path, problem, f"its folder is that of {shown(theirs)}")
        if missing:
            problem = f"names {counted(len(missing), 'picture')} not there, such as {missing[0]}"
            raise InputError(path, problem, "fetch the set again, or take the list away")
        split.append(numbers)
    return split


def list_lines(path: Path, known: dict[str, int]) -> list[tuple[str, str]]:
    """Paths and labels of a list; a line that is a known path as a whole has no label."""
    try:
        content = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read ({error})", "fetch the list again") from None
    lines = []
    for line in content.replace("\r\n", "\n").split("\n"):
        name, label = line.strip("\r\t "), ""
        if name and name not in known:
            at = max(name.rfind(" "), name.rfind("\t"))
            name, label = (name[:at].rstrip(), name[at + 1 :]) if at > 0 else (name, "")
        if name:
            lines.append((name.removeprefix("./"), label))
    return lines


def eurosat(find: Finder) -> Dataset:
    """EuroSAT, RGB: 27,000 satellite pictures of ten kinds of land, 64x64."""
    archive = Archive(
        "EuroSAT.zip",
        "c8fa014336c82ac7804f0398fcb19387",
        "https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
        "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
    )
    path = find(archive)
    with reading(path):
        content = zipfile.ZipFile(path)
    names, left_out = [], defaultdict(list)
    for name in sorted({n for n in content.namelist() if not n.endswith("/")}):
        parts = PurePosixPath(name).parts
        if any(map(folders.is_hidden, parts)):
            left_out["hidden"].append(name)
        elif len(parts) < 2:
            left_out["in no class folder"].append(name)
        elif PurePosixPath(name).suffix.lower() not in SUFFIXES:
            left_out[f"suffix {PurePosixPath(name).suffix.lower()}"].append(name)
        else:
            names.append(name)
    classes = sorted({name.split("/")[-2] for name in names})
    labels = np.array([classes.index(name.split("/")[-2]) for name in names], np.int64)
    decoded = Decoded(names, _member(content, names), 64, dict(left_out))
    return Dataset(decoded, labels, classes, "MIT (EuroSAT)", names=names)


def _member(content: zipfile.ZipFile, names: list[str]) -> Callable[[int], bytes]:
    return lambda number: content.read(names[number])
