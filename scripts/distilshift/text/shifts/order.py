"""Shifts of words: lost, out of order, cut off. 0 changes nothing."""

import re

from distilshift.data.draws import Draws
from distilshift.text.shifts.texts import each

import numpy as np
from torch import Tensor


def _words(text: str) -> tuple[str, list[str]]:
    """What is before the first word, and each word with the blanks behind it."""
    first = len(text) - len(text.lstrip())
    return text[:first], re.findall(r"\S+\s*", text)


def lost_words(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """``strength`` of the words, parted by blanks, are missing; one stays."""

    def change(text: str, draw: np.random.Generator) -> str:
        before, words = _words(text)
        hit = draw.random(len(words))
        lasting = int(hit.argmax()) if words else None
        kept = [w for n, w in enumerate(words) if hit[n] >= strength or n == lasting]
        return before + "".join(kept)

    return each(rows, draws, change)


def shuffled_words(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """Words change places, none by more than ``strength`` of them, rounded up.

    Sorted by i + U(0, strength + 1), as in Lample et al., "Unsupervised Machine Translation
    Using Monolingual Corpora Only", arXiv:1711.00043, section 2.3; blanks stay where they are.
    """

    def change(text: str, draw: np.random.Generator) -> str:
        parts = re.split(r"(\s+)", text)
        words = [place for place, part in enumerate(parts) if part and not part.isspace()]
        keys = np.arange(len(words)) + draw.random(len(words)) * (strength + 1)
        moved = [parts[words[number]] for number in np.argsort(keys, kind="stable")]
        for place, word in zip(words, moved, strict=True):
            parts[place] = word
        return "".join(parts)

    return each(rows, draws, change)


def truncation(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """``strength`` of the characters are cut off at the end; one stays."""

    def change(text: str, draw: np.random.Generator) -> str:
        return text[: max(1, round(len(text) * (1 - strength)))]

    return each(rows, draws, change)
