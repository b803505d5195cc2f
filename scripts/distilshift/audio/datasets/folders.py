"""Sounds in folders, ``<domain>/<class>/*``."""

from pathlib import Path

from distilshift.audio.datasets.sounds import SUFFIXES, Decoded, soundfile
from distilshift.audio.settings import Input
from distilshift.data import folders
from distilshift.data.base import Dataset
from distilshift.errors import InputError

import numpy as np


def folder(root: Path, domain: str, wanted: Input, licence: str = "that of its owner") -> Dataset:
    """The sounds of one domain, ``root/domain/<class>/*``.

    The classes are those of all domains of ``root``, so that every domain has the same.

    Raises:
        InputError: no such folder, no sound in it, or sounds whose reader is not installed.
    """
    here, classes = folders.domain(root, domain, "sounds")
    found, left_out = folders.search(here, SUFFIXES)
    if not found:
        problem = "holds no sound in <class>/*"
        if left_out:
            counts = ", ".join(f"{len(names)} {why}" for why, names in left_out.items())
            problem += f"; left out: {counts}"
        raise InputError(here, problem, "put the sounds there")
    coded = [path for _, _, path in found if path.suffix.lower() != ".wav"]
    if coded:  # better one line now than one for each of them
        soundfile(coded[0])
    places = {label: number for number, label in enumerate(classes)}
    names = [name for _, name, _ in found]
    contents = [path.read_bytes for _, _, path in found]
    return Dataset(
        Decoded(names, lambda: contents, wanted, left_out, apart=True),
        np.array([places[label] for label, _, _ in found], np.int64),
        classes,
        licence,
        names=names,
    )
