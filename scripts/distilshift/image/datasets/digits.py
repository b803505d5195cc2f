"""USPS and SVHN: digits of envelopes and of house fronts."""

import bz2

from distilshift.data.archives import Archive, Find, reading
from distilshift.data.base import Dataset, pair
from distilshift.image.datasets.classes import DIGITS

import numpy as np


def usps(find: Find) -> Dataset:
    """USPS: 7,291 and 2,007 digits of envelopes, 16x16, as LIBSVM lists them."""
    from torchvision.datasets import USPS

    images, labels = [], []
    for split in ("train", "test"):
        url, name, md5 = USPS.split_list[split]
        path = find(Archive(name, md5, url))
        with reading(path), bz2.open(path, "rt", encoding="utf-8") as file:
            rows = [line.split() for line in file]
            # a line is the digit plus one, then index:value with values in -1..1
            table = [[field.split(":") for field in row[1:]] for row in rows]
            table = np.array(table, np.float32).reshape(len(rows), 256, 2)
            values = table[:, :, 1]
            if not (table[:, :, 0] == np.arange(1, 257)).all() or not (abs(values) <= 1).all():
                raise ValueError("a line is not 256 values in order, each from -1 to 1")
        images.append(((values + 1) / 2 * 255).astype(np.uint8).reshape(-1, 1, 16, 16))
        labels.append(np.array([int(row[0]) - 1 for row in rows], np.int64))
    licence = "unstated, for research (USPS)"
    return Dataset(
        np.concatenate(images), np.concatenate(labels), DIGITS, licence, train=len(labels[0])
    )


def svhn(find: Find) -> Dataset:
    """SVHN, cropped: 73,257 and 26,032 house number digits, 32x32 in colour."""
    from scipy.io import loadmat
    from torchvision.datasets import SVHN

    images, labels = [], []
    for split in ("train", "test"):
        url, name, md5 = SVHN.split_list[split]
        path = find(Archive(name, md5, url))
        with reading(path):
            content = loadmat(path, variable_names=["X", "y"])
            if not np.isin(content["y"], np.arange(1, 11)).all():
                raise ValueError("labels other than 1 to 10")
            both = pair(path, content["X"].transpose(3, 2, 0, 1), content["y"].ravel())
            images.append(both[0])
            labels.append(both[1] % 10)  # 10 stands for the digit 0
    licence = "non-commercial use (SVHN)"
    return Dataset(
        np.concatenate(images), np.concatenate(labels), DIGITS, licence, train=len(labels[0])
    )
