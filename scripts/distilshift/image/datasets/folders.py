"""Pictures in folders, ``<domain>/<class>/*``, and EuroSAT's zip of them.

Pictures are decoded a few hundred at a time. One that cannot be read is left out, named
in the manifest and counted, never silently dropped.
"""

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from distilshift.cli import log
from distilshift.data.archives import Archive, Finder, by_hand, reading
from distilshift.data.base import Dataset
from distilshift.errors import InputError

import numpy as np
from PIL import Image

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
BATCH = 256

# name: folders of its domains (the first that is there counts), and where to get it
SETS: dict[str, tuple[dict[str, tuple[str, ...]], str]] = {
    "office31": (
        {name: (f"{name}/images", name) for name in ("amazon", "dslr", "webcam")},
        "the page of Office-31's authors (Saenko et al., ECCV 2010; UC Berkeley)",
    ),
    "office-home": (
        {
            "art": ("Art",),
            "clipart": ("Clipart",),
            "product": ("Product",),
            "real-world": ("Real World", "RealWorld", "Real_World"),
        },
        "the Office-Home page (Venkateswara et al., CVPR 2017)",
    ),
    "pacs": (
        {
            "art-painting": ("art_painting",),
            "cartoon": ("cartoon",),
            "photo": ("photo",),
            "sketch": ("sketch",),
        },
        "the page of its authors (Li et al., ICCV 2017) or DomainBed's download script",
    ),
    "vlcs": (
        {name.lower(): (name,) for name in ("Caltech101", "LabelMe", "SUN09", "VOC2007")},
        "DomainBed's download script (Fang et al., ICCV 2013)",
    ),
    "domainnet": (
        {n: (n,) for n in ("clipart", "infograph", "painting", "quickdraw", "real", "sketch")},
        "the DomainNet page (Peng et al., ICCV 2019), the cleaned version and its lists",
    ),
    "visda2017": (
        {"train": ("train",), "validation": ("validation",)},
        "the VisDA-2017 page, classification track: train.tar and validation.tar",
    ),
    "terra-incognita": (
        {f"location-{n}": (f"location_{n}", f"location-{n}") for n in (38, 43, 46, 100)},
        "DomainBed's download script (Beery et al., ECCV 2018; Caltech camera traps)",
    ),
}


class Decoded:
    """Pictures that are decoded as they are asked for, in their order.

    Args:
        names: what each is called, in errors and the manifest.
        read: gives the bytes of the picture of that name.
        side: each becomes so large: the shorter side scaled, the middle cut out.
    """

    def __init__(self, names: list[str], read: Callable[[str], bytes], side: int):
        self.names, self.read, self.side = names, read, side
        self.unreadable: list[str] = []

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        workers = min(8, len(os.sched_getaffinity(0)))
        with ThreadPoolExecutor(workers) as pool:
            for start in range(0, len(self.names), BATCH):
                names = self.names[start : start + BATCH]
                arrays = list(pool.map(self._decode, names))
                rows = [start + at for at, array in enumerate(arrays) if array is not None]
                self.unreadable += [n for n, a in zip(names, arrays, strict=True) if a is None]
                if rows:
                    yield np.array(rows), np.stack([a for a in arrays if a is not None])
                if start // BATCH % 40 == 39:
                    log.info("%d of %d pictures", start + len(names), len(self.names))

    def _decode(self, name: str) -> np.ndarray | None:
        try:
            with Image.open(io.BytesIO(self.read(name))) as picture:
                picture.draft("RGB", (self.side, self.side))  # JPEG: decode no finer than needed
                return fit(picture.convert("RGB"), self.side)
        # Pillow lets out other errors than its own on damaged files
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            log.warning("%s cannot be read (%s)", name, error)
            return None


def fit(picture: Image.Image, side: int) -> np.ndarray:
    """uint8 (3, side, side): the shorter side scaled to ``side``, the middle cut out."""
    shorter = min(picture.size)
    left, top = ((length - shorter) / 2 for length in picture.size)
    box = (left, top, left + shorter, top + shorter)
    if picture.size != (side, side):
        picture = picture.resize((side, side), Image.Resampling.BILINEAR, box=box)
    return np.asarray(picture).transpose(2, 0, 1)


def folder(root: Path, domain: str, side: int, licence: str = "that of its owner") -> Dataset:
    """The pictures of one domain, ``root/domain/<class>/*``.

    The classes are those of all domains of ``root``, so that every domain has the same.
    Where ``root/<domain>_train.txt`` and ``_test.txt`` lie (lines: path, label), they are
    the official split (DomainNet).
    """
    here = root / domain
    if not here.is_dir():
        known = (
            ", ".join(sorted(p.name for p in root.iterdir() if p.is_dir())) if root.is_dir() else ""
        )
        problem = f"no such folder; {root} holds {known}" if known else "no such folder"
        raise InputError(here, problem, "put the pictures there: <domain>/<class>/*")
    classes = sorted(
        {c.name for d in root.iterdir() if d.is_dir() for c in d.iterdir() if c.is_dir()}
    )
    return pictures(here, classes, side, licence, root)


def _folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


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
        classes = sorted({label.name for path in all_here for label in _folders(path)})
        return pictures(here, classes, find.side, f"see {source}", root)

    return load


def pictures(here: Path, classes: list[str], side: int, licence: str, root: Path) -> Dataset:
    names, labels = [], []
    for number, label in enumerate(classes):
        found = sorted(p for p in (here / label).rglob("*") if p.suffix.lower() in SUFFIXES)
        names += [str(path.relative_to(root)) for path in found]
        labels += [number] * len(found)
    if not names:
        raise InputError(here, "holds no picture in <class>/*", "put the pictures there")
    train = None
    lists = [root / f"{here.name}_{split}.txt" for split in ("train", "test")]
    if all(path.is_file() for path in lists):
        label_of = dict(zip(names, labels, strict=True))
        split = [_listed(path, label_of) for path in lists]
        names, train = split[0] + split[1], len(split[0])
        labels = [label_of[name] for name in names]

    def read(name: str) -> bytes:
        return (root / name).read_bytes()

    return Dataset(
        Decoded(names, read, side), np.array(labels, np.int64), classes, licence, train=train
    )


def _listed(path: Path, known: dict[str, int]) -> list[str]:
    """The pictures that an official list names, in its order."""
    names = [line.rsplit(" ", 1)[0] for line in path.read_text().splitlines() if line.strip()]
    missing = [name for name in names if name not in known]
    if missing:
        problem = f"names {len(missing)} pictures that are not there, such as {missing[0]}"
        raise InputError(path, problem, "fetch the set again, or take the list away")
    return names


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
    names = sorted(n for n in content.namelist() if Path(n).suffix.lower() in SUFFIXES)
    classes = sorted({name.split("/")[-2] for name in names})
    labels = np.array([classes.index(name.split("/")[-2]) for name in names], np.int64)
    return Dataset(Decoded(names, _locked(content), 64), labels, classes, "MIT (EuroSAT)")


def _locked(content: zipfile.ZipFile) -> Callable[[str], bytes]:
    """Reading from several threads: a damaged member is that picture's error alone."""

    def read(name: str) -> bytes:
        try:
            return content.read(name)
        except zipfile.BadZipFile as error:
            raise OSError(str(error)) from None

    return read
