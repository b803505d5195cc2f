"""USPS and SVHN: digits of envelopes and of house fronts."""

import bz2

from distilshift.data.archives import Archive, Find, reading
from distilshift.data.base import DIGITS, Dataset

import numpy as np


def usps(find: Find) -> Dataset:
    """USPS: 7,291 and 2,007 digits of envelopes, 16x16, as LIBSVM lists them."""
    from torchvision.datasets import USPS

    images, labels = [], []
    for split in ("train", "test"):
        url, name, md5 = USPS.split_list[split]
        path = find(Archive(name, md5, url))
        with reading(path), bz2.open(path, "rt") as file:
            rows = [line.split() for line in file]
            # a line is the digit plus one, then index:value with values in -1..1
            table = [[field.split(":")[1] for field in row[1:]] for row in rows]
            values = np.array(table, np.float32).reshape(len(rows), 256)
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
            images.append(content["X"].transpose(3, 2, 0, 1))
            # 10 stands for the digit 0
            labels.append(content["y"].ravel().astype(np.int64) % 10)
    licence = "non-commercial use (SVHN)"
    return Dataset(
        np.concatenate(images), np.concatenate(labels), DIGITS, licence, train=len(labels[0])
    )
