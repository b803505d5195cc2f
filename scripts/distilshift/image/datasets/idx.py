"""The MNIST family: IDX files, packed with gzip, with the checksums torchvision knows."""

import gzip
import io
import math
import zipfile
from typing import BinaryIO

from distilshift.data.archives import Archive, Find, reading
from distilshift.data.base import Dataset, pair
from distilshift.errors import InputError
from distilshift.image.datasets.classes import DIGITS

import numpy as np

NAMES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
# Debian's package dataset-fashion-mnist holds the same arrays, packed by another gzip
DEBIAN = (
    "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
)


def mnist(find: Find) -> Dataset:
    """MNIST: 60,000 and 10,000 handwritten digits, 28x28."""
    from torchvision.datasets import MNIST

    return _four(find, MNIST, DIGITS, "CC BY-SA 3.0 (MNIST)")


def kmnist(find: Find) -> Dataset:
    """Kuzushiji-MNIST: ten characters of cursive Japanese, 28x28."""
    from torchvision.datasets import KMNIST

    return _four(find, KMNIST, list(KMNIST.classes), "CC BY-SA 4.0 (KMNIST, CODH)")


def fashion_mnist(find: Find) -> Dataset:
    """Fashion-MNIST: ten kinds of clothing, 28x28; also as Debian packs it."""
    from torchvision.datasets import FashionMNIST

    return _four(find, FashionMNIST, list(FashionMNIST.classes), "MIT (Fashion-MNIST)", DEBIAN)


def qmnist(find: Find) -> Dataset:
    """QMNIST: MNIST remade from NIST, with 60,000 test digits."""
    from torchvision.datasets import QMNIST

    parts = []
    for split in ("train", "test"):
        for url, md5 in QMNIST.resources[split]:
            path = find(Archive(url.rsplit("/", 1)[1], md5, url))
            with reading(path), gzip.open(path) as file:
                parts.append(read(file))
    # the first column of QMNIST's labels is the digit, the others tell of the writer
    if not parts[1].ndim == parts[3].ndim == 2:
        raise InputError("qmnist", "its labels have no columns", "fetch its files again")
    parts[1], parts[3] = parts[1][:, 0], parts[3][:, 0]
    return _joined("qmnist", parts, DIGITS, "BSD-style (QMNIST)")


def emnist_digits(find: Find) -> Dataset:
    """EMNIST, its digits: 240,000 and 40,000, 28x28, of other writers than MNIST's."""
    from torchvision.datasets import EMNIST

    path = find(Archive(EMNIST.url.rsplit("/", 1)[1], EMNIST.md5, EMNIST.url))
    parts = []
    with reading(path), zipfile.ZipFile(path) as archive:
        for split in ("train", "test"):
            for what in ("images-idx3", "labels-idx1"):
                name = f"gzip/emnist-digits-{split}-{what}-ubyte.gz"
                with gzip.open(io.BytesIO(archive.read(name))) as file:
                    parts.append(read(file))
    if not parts[0].ndim == parts[2].ndim == 3:
        raise InputError(path, "its images are no pictures", "fetch the file again")
    parts[0], parts[2] = (part.transpose(0, 2, 1) for part in (parts[0], parts[2]))
    return _joined(path, parts, DIGITS, "public domain (NIST Special Database 19)")


def _four(find: Find, source: type, classes: list[str], licence: str, also=()) -> Dataset:
    parts = []
    for number, (name, md5) in enumerate(source.resources):
        urls = " ".join(mirror + name for mirror in source.mirrors)
        path = find(Archive(name, md5, urls, also[number : number + 1]))
        with reading(path), gzip.open(path) as file:
            parts.append(read(file))
    return _joined(path, parts, classes, licence)


def _joined(where: object, parts: list[np.ndarray], classes: list[str], licence: str) -> Dataset:
    """Of images and labels of training, then of test; two files may have been swapped."""
    halves = [pair(where, *parts[:2]), pair(where, *parts[2:])]
    if not parts[0].ndim == parts[2].ndim == 3 or parts[0].shape[1:] != parts[2].shape[1:]:
        problem = f"images are {parts[0].shape} and {parts[2].shape}, not (N, H, W)"
        raise InputError(where, problem, "fetch its files again")
    images, labels = (np.concatenate(half) for half in zip(*halves, strict=True))
    return Dataset(images[:, None], labels, classes, licence, train=len(parts[1]))


def read(file: BinaryIO) -> np.ndarray:
    """The array of an IDX file: two zero bytes, type, rank, big-endian lengths, values.

    Raises:
        ValueError: the bytes are no IDX file, or not a whole one.
    """
    types = {8: np.dtype("u1"), 12: np.dtype(">i4")}
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in types:
        raise ValueError("not an IDX file")
    shape = [int.from_bytes(file.read(4), "big") for _ in range(head[3])]
    values = np.frombuffer(file.read(), types[head[2]])
    if len(values) != math.prod(shape):
        raise ValueError(f"{len(values)} values, the header says {math.prod(shape)}")
    return values.reshape(shape)
