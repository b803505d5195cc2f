"""CIFAR and what is measured against it: CIFAR-10.1, CIFAR-10-C, CIFAR-100-C, STL-10.

CIFAR is read from its binary version: the other one is a pickle, which is code.
"""

import tarfile
from pathlib import Path

from distilshift.data.archives import Archive, Find, Finder, reading
from distilshift.data.base import Dataset, checked, pair
from distilshift.errors import InputError
from distilshift.image.datasets.classes import CIFAR10, CIFAR100, NINE, STL10

import numpy as np

KRIZ = "https://www.cs.toronto.edu/~kriz/"
LICENCE = "unstated, for research (CIFAR)"


def cifar10(find: Find) -> Dataset:
    """CIFAR-10: 50,000 and 10,000 colour photographs, 32x32."""
    archive = Archive(
        "cifar-10-binary.tar.gz",
        "c32a1d4ab5d03f1284b67883e8d87530",
        KRIZ + "cifar-10-binary.tar.gz",
    )
    names = [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]
    parts = _members(find(archive), names)
    images, labels = _records(parts, label_bytes=1)
    return Dataset(images, labels, CIFAR10, LICENCE, train=sum(map(len, parts[:-1])) // 3073)


def cifar100(find: Find) -> Dataset:
    """CIFAR-100: the same with a hundred classes."""
    archive = Archive(
        "cifar-100-binary.tar.gz",
        "03b5dce01913d631647c71ecec9e9cb8",
        KRIZ + "cifar-100-binary.tar.gz",
    )
    names = ["train.bin", "test.bin", "fine_label_names.txt"]
    *parts, classes = _members(find(archive), names)
    images, labels = _records(parts, label_bytes=2)
    return Dataset(images, labels, classes.decode().split(), LICENCE, train=len(parts[0]) // 3074)


def cifar9(find: Find) -> Dataset:
    """CIFAR-10 without its frogs: the nine classes that STL-10 has too."""
    return _renamed(cifar10(find), {})


def stl10(find: Find) -> Dataset:
    """STL-10: 5,000 and 8,000 labelled photographs, 96x96."""
    from torchvision.datasets import STL10 as source

    names = ["train_X.bin", "test_X.bin", "train_y.bin", "test_y.bin"]
    path = find(Archive(source.filename, source.tgz_md5, source.url))
    parts = [np.frombuffer(part, np.uint8) for part in _members(path, names)]
    with reading(path):  # columns come first in these files
        images = [part.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2) for part in parts[:2]]
    halves = [pair(path, *half) for half in zip(images, parts[2:], strict=True)]
    images, labels = (np.concatenate(half) for half in zip(*halves, strict=True))
    licence = "unstated, for research (STL-10)"
    return Dataset(images, labels - 1, STL10, licence, train=len(parts[2]))


def stl9(find: Find) -> Dataset:
    """STL-10 without its monkeys, under CIFAR-10's names: the nine classes of both."""
    return _renamed(stl10(find), {"car": "automobile"})


def cifar10_1(find: Find) -> Dataset:
    """CIFAR-10.1 (v6): 2,000 new photographs, chosen as CIFAR-10's test set was."""
    base = "https://github.com/modestyachts/CIFAR-10.1/raw/master/datasets/"
    paths = [
        find(Archive(name, "", base + name))
        for name in ("cifar10.1_v6_data.npy", "cifar10.1_v6_labels.npy")
    ]
    images, labels = pair(paths[0], *(_npy(path) for path in paths))
    with reading(paths[0]):
        return Dataset(images.transpose(0, 3, 1, 2), labels, CIFAR10, "MIT (CIFAR-10.1)")


def cifar_c(classes: str, corruption: str, severity: str):
    """The loader of one corruption and severity of CIFAR-10-C or CIFAR-100-C.

    10,000 images: CIFAR's test images, corrupted. They come in one tar of 2.9 GB; where
    it is unpacked in --archive-dir the arrays are mapped.
    """
    record, md5 = {
        "10": ("2535967", "56bf5dcef84df0e2308c6dcbcbbd8499"),
        "100": ("3555552", "11f0ed0f1191edbf9fa23466ae6021d3"),
    }[classes]
    folder = f"CIFAR-{classes}-C"

    def load(find: Finder) -> Dataset:
        unpacked = find.local(folder)
        if unpacked is None:
            place = f"https://zenodo.org/records/{record}/files/{folder}.tar?download=1"
            tar = find(Archive(f"{folder}.tar", md5, place))
            unpacked = find.folder / folder
            _extract(tar, unpacked, [f"{corruption}.npy", "labels.npy"])
        path = unpacked / f"{corruption}.npy"
        images, labels = pair(path, _npy(path), _npy(unpacked / "labels.npy"))
        rows = slice(10_000 * (int(severity) - 1), 10_000 * int(severity))
        names = CIFAR10 if classes == "10" else CIFAR100
        with reading(path):
            pixels = images[rows].transpose(0, 3, 1, 2)
        return Dataset(pixels, labels[rows], names, f"CC BY 4.0 ({folder})")

    return load


def _members(path: Path, names: list[str]) -> list[bytes]:
    """The content of those files of a tar, wherever in it they lie; nothing is unpacked."""
    found: dict[str, bytes] = {}
    with reading(path), tarfile.open(path) as tar:
        for member in tar:
            name = member.name.rsplit("/", 1)[-1]
            if name in names and member.isfile():
                found[name] = tar.extractfile(member).read()
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(path, f"does not hold {', '.join(missing)}", "fetch the file again")
    return [found[name] for name in names]


def _extract(path: Path, folder: Path, names: list[str]) -> None:
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in zip(missing, _members(path, missing), strict=True):
            (folder / name).write_bytes(content)


def _records(parts: list[bytes], label_bytes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of records: label bytes, the last of which counts, then 3x32x32."""
    size = label_bytes + 3072
    content = b"".join(parts)
    if len(content) % size:
        raise InputError("CIFAR", f"{len(content)} bytes are no whole number of records of {size}")
    table = np.frombuffer(content, np.uint8).reshape(-1, size)
    labels = table[:, label_bytes - 1].astype(np.int64)
    return table[:, label_bytes:].reshape(-1, 3, 32, 32), labels


def _npy(path: Path) -> np.ndarray:
    """A .npy file, mapped; one that holds pickled objects is refused."""
    if not path.is_file():
        raise InputError(path, "no such file", "unpack the whole archive there")
    with reading(path):
        return np.load(path, mmap_mode="r", allow_pickle=False)


def _renamed(dataset: Dataset, names: dict[str, str]) -> Dataset:
    """Only the nine common classes, numbered alike."""
    checked("CIFAR or STL", dataset)  # a label of -1 would be taken for the last class
    places = [
        NINE.index(name) if name in NINE else -1
        for name in (names.get(name, name) for name in dataset.classes)
    ]
    labels = np.array(places)[dataset.labels]
    keep = labels >= 0
    train = int(keep[: dataset.train].sum())
    return Dataset(dataset.inputs[keep], labels[keep], NINE, dataset.licence, train=train)
