"""Datasets: real images and labels, from installed packages, the network or a folder.

To add one write a function ``dataset(find) -> Dataset`` and name it in ``DATASETS``.
``find(archive)`` gives the verified path of a file: from ``--archive-dir`` if it lies
there, else from the package that carries it, else from the network. No pickle is read.
"""

from collections.abc import Callable

from distilshift.data.archives import Archive, Find, Finder, finder
from distilshift.data.base import Dataset
from distilshift.image.datasets import cifar, digits, folders, idx, packaged
from distilshift.image.datasets.medmnist import FILES, medmnist

__all__ = ["DATASETS", "Archive", "Dataset", "Find", "Finder", "finder"]

DATASETS: dict[str, Callable[[Finder], Dataset]] = {
    "mnist5k": packaged.mnist5k,
    "optdigits": packaged.optdigits,
    "sample-photos": packaged.sample_photos,
    "mnist": idx.mnist,
    "usps": digits.usps,
    "svhn": digits.svhn,
    "kmnist": idx.kmnist,
    "qmnist": idx.qmnist,
    "emnist-digits": idx.emnist_digits,
    "fashion-mnist": idx.fashion_mnist,
    "cifar10": cifar.cifar10,
    "cifar100": cifar.cifar100,
    "cifar9": cifar.cifar9,
    "cifar10.1": cifar.cifar10_1,
    "stl10": cifar.stl10,
    "stl9": cifar.stl9,
    "eurosat": folders.eurosat,
    **{name: medmnist(name) for name in FILES},
    **{
        f"{name}-{domain}": folders.known(name, domain)
        for name, (domains, _) in folders.SETS.items()
        for domain in domains
    },
    **{  # e.g. cifar10-c-fog-3
        f"cifar{classes}-c-{corruption}-{severity}": cifar.cifar_c(classes, corruption, severity)
        for classes in (10, 100)
        for corruption in cifar.CORRUPTIONS
        for severity in range(1, 6)
    },
}
