"""From texts to a dataset: cleaned, encoded, and what is odd about them named."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from distilshift.data.base import CHUNK, Dataset
from distilshift.errors import InputError
from distilshift.text.encoding import clean, encode
from distilshift.text.settings import Input

import numpy as np

BLANK = "no text"
EQUAL = "the same text as another"
CUT = "longer than a row, the rest is cut off"


class Text(NamedTuple):
    """What a row needs of a text, which may be a book."""

    start: str  # of the clean text, at least what a row holds of it
    is_cut: bool
    digest: bytes  # of the whole clean text


def shortened(text: str, wanted: Input) -> Text:
    """What is kept of a text as it stands in its source."""
    cleaned = clean(text)
    content = cleaned.encode()
    digest = hashlib.blake2b(content, digest_size=16).digest()
    # a character has a byte at least
    return Text(cleaned[: wanted.length], len(content) > wanted.length, digest)


class Sample(NamedTuple):
    """A text of a source."""

    name: str  # what the source calls it
    text: str | Text
    label: int  # its class's place
    train: bool | None = None  # whether it is of the official training half


class Texts:
    """Rows that are encoded as they are asked for.

    Attributes:
        unreadable: name -> why.
        left_out: reason -> names of what was found and is no row.
        notes: what was done to texts that are rows -> their names.
    """

    def __init__(self, texts: list[str], length: int, unreadable: dict[str, str]):
        self.texts, self.length, self.unreadable = texts, length, unreadable
        self.left_out: dict[str, list[str]] = {}
        self.notes: dict[str, list[str]] = {}

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(self.texts), CHUNK):
            some = self.texts[start : start + CHUNK]
            yield np.arange(start, start + len(some)), encode(some, self.length)


def dataset(
    where: object,
    samples: list[Sample],
    classes: list[str],
    licence: str,
    wanted: Input,
    *,
    once: bool = False,
    left_out: dict[str, list[str]] | None = None,
    unreadable: dict[str, str] | None = None,
) -> Dataset:
    """The dataset of texts; those that hold none are left out.

    Args:
        where: for errors.
        samples: in any order, of which all or none say which half they are of.
        once: of equal texts the first alone is a row, so that no test text was learned from.
        left_out, unreadable: what the source holds besides, and why it is no sample.

    Raises:
        InputError: no text is left.
    """
    kept: list[tuple[Sample, Text]] = []
    why: dict[str, list[str]] = dict(left_out or {})
    seen: set[bytes] = set()
    for sample in sorted(samples, key=lambda sample: sample.train is False):  # stable
        text = sample.text if isinstance(sample.text, Text) else shortened(sample.text, wanted)
        if not text.start or (once and text.digest in seen):
            why.setdefault(EQUAL if text.start else BLANK, []).append(sample.name)
            continue
        seen.add(text.digest)
        kept.append((sample, text))
    if not kept:
        counts = ", ".join(f"{len(names)} {reason}" for reason, names in why.items())
        problem = "holds no text" + (f"; left out: {counts}" if counts else "")
        raise InputError(where, problem, "look into its files")
    rows = Texts([text.start for _, text in kept], wanted.length, unreadable or {})
    rows.left_out = why
    cut = [sample.name for sample, text in kept if text.is_cut]
    if cut:
        rows.notes[CUT] = cut
    halves = [sample.train for sample, _ in kept]
    return Dataset(
        rows,
        np.array([sample.label for sample, _ in kept], np.int64),
        classes,
        licence,
        train=None if None in halves else sum(halves),
        names=[sample.name for sample, _ in kept],
    )
