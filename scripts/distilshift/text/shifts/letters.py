"""Shifts of characters: how a text was typed, written or read in. 0 changes nothing."""

import re
import unicodedata

from distilshift.data.draws import Draws
from distilshift.text.shifts.texts import each

import numpy as np
from torch import Tensor

# rows of a QWERTY keyboard, each half a key further right than the one above
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# what optical recognition takes for one another, either way
CONFUSED = (
    *(("o", "0"), ("O", "0"), ("l", "1"), ("I", "l"), ("i", "1"), ("S", "5"), ("s", "5")),
    *(("B", "8"), ("g", "9"), ("b", "6"), ("Z", "2"), ("z", "2"), ("e", "c"), ("h", "b")),
    *(("u", "n"), ("rn", "m"), ("cl", "d"), ("vv", "w"), ("ri", "n"), ("li", "h")),
)


def _neighbours() -> dict[str, str]:
    at = {
        key: (line, place + line / 2)
        for line, keys in enumerate(KEYS)
        for place, key in enumerate(keys)
    }
    return {
        key: "".join(
            other
            for other, (row, column) in at.items()
            if other != key and abs(row - line) <= 1 and abs(column - place) <= 1
        )
        for key, (line, place) in at.items()
    }


NEIGHBOURS = _neighbours()


def _other_readings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one, other in CONFUSED:
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


READINGS = _other_readings()
READABLE = re.compile("|".join(sorted(map(re.escape, READINGS), key=len, reverse=True)))


def typos(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """``strength`` of the letters a to z become a neighbour on a QWERTY keyboard, in their case."""

    def change(text: str, draw: np.random.Generator) -> str:
        hit, which = draw.random((2, len(text)))
        made = []
        for letter, chance, place in zip(text, hit, which, strict=True):
            near = NEIGHBOURS.get(letter.lower()) if letter.isascii() else None
            if near and chance < strength:
                other = near[int(place * len(near))]
                letter = other.upper() if letter.isupper() else other
            made.append(letter)
        return "".join(made)

    return each(rows, draws, change)


def lost_letters(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """``strength`` of the letters are missing; one of each text stays."""

    def change(text: str, draw: np.random.Generator) -> str:
        hit = draw.random(len(text))
        letters = [place for place, letter in enumerate(text) if letter.isalpha()]
        lasting = max(letters, key=lambda place: hit[place], default=None)
        lost = {place for place in letters if hit[place] < strength and place != lasting}
        return "".join(letter for place, letter in enumerate(text) if place not in lost)

    return each(rows, draws, change)


def doubled_letters(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """``strength`` of the letters stand twice."""

    def change(text: str, draw: np.random.Generator) -> str:
        hit = draw.random(len(text)) < strength
        pairs = zip(text, hit, strict=True)
        return "".join(letter * (1 + (letter.isalpha() and is_hit)) for letter, is_hit in pairs)

    return each(rows, draws, change)


def capitals(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """``strength`` of the words are written in capitals."""

    def change(text: str, draw: np.random.Generator) -> str:
        parts = re.split(r"(\s+)", text)
        hit = draw.random(len(parts)) < strength
        return "".join(part.upper() if h else part for part, h in zip(parts, hit, strict=True))

    return each(rows, draws, change)


def lost_punctuation(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """``strength`` of the punctuation marks (Unicode's categories P) are missing.

    Of a text of marks alone one stays.
    """

    def change(text: str, draw: np.random.Generator) -> str:
        hit = draw.random(len(text))
        marks = [at for at in range(len(text)) if unicodedata.category(text[at]).startswith("P")]
        is_all = len(marks) == sum(not letter.isspace() for letter in text)
        lasting = max(marks, key=lambda at: hit[at]) if marks and is_all else None
        lost = {at for at in marks if hit[at] < strength and at != lasting}
        return "".join(letter for at, letter in enumerate(text) if at not in lost)

    return each(rows, draws, change)


def recognition(rows: Tensor, draws: Draws, strength: float) -> Tensor:
    """``strength`` of what optical recognition may confuse is misread: 0 and O, rn and m."""

    def change(text: str, draw: np.random.Generator) -> str:
        def read(found: re.Match) -> str:
            chance, place = draw.random(2)
            others = READINGS[found[0]]
            return others[int(place * len(others))] if chance < strength else found[0]

        return READABLE.sub(read, text)

    return each(rows, draws, change)
