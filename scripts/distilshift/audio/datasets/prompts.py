"""Languages, by the telephone prompts that Debian packages for Asterisk: one speaker each."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from distilshift.audio.datasets.sounds import Decoded, Read
from distilshift.data import packages
from distilshift.data.archives import Archive, Finder, reading
from distilshift.data.base import Dataset
from distilshift.errors import InputError

import numpy as np

CLASSES = ["es", "fr", "it"]
# domain: of each language the package, its version, the sha256 of its file, and its licence
PACKAGES = {
    "a": [
        (
            *("asterisk-core-sounds-es-wav", "1.6.1-1"),
            "9283a09a6d56fccdcc2bcfe86c48f0f844289cfbd46a3184d8785a6f7f569903",
            "CC BY-SA 3.0",
        ),
        (
            *("asterisk-core-sounds-fr-wav", "1.6.1-1"),
            "8d4e1bc32ed5ba7fbda40841ca1825ed20cc6232724a473c90f8bb0e53e6073e",
            "CC BY-SA 3.0",
        ),
        (
            *("asterisk-core-sounds-it-wav", "1.6.1-1"),
            "5a26638089e134b8ac39363fe249c5c93c50cd8bfdc9b2499ae61ec4a35e2fcb",
            "CC BY-SA 3.0",
        ),
    ],
    "b": [
        (
            *("asterisk-prompt-es-co", "0.20070403-2.1"),
            "6702696e045514699e87dc8fb70f370717e5df91f821f7bec8dd0df1be008e83",
            "GPL-2",
        ),
        (
            *("asterisk-prompt-fr-armelle", "20070613-2.2"),
            "162570b1a9b3512a98f06b89f60c7c17cf1b9b52297315adca9a4e5be728bea3",
            "BSD-like",
        ),
        (
            *("asterisk-prompt-it-menardi-wav", "1:1.4.22+mm20110907-3.1"),
            "3094530d98f8758ac275572d59624c41f60969fef883f34f4886d144f3dfeb21",
            "CC BY-SA 3.0 IT",
        ),
    ],
}
LEAST = 0.5  # seconds: shorter prompts are letters, digits and beeps
EVERY = 4  # of the prompts of one name one in so many is for the test


def languages(domain: str):
    """The loader of a domain: Spanish, French and Italian, each by one speaker of its own.

    Prompts of at least half a second; of a longer one the row of most energy. A language is
    known by its speaker within a domain, and the other domain has other speakers: a network
    that has learned voices and not languages fails there. The halves share no prompt, and
    one that is there twice counts once.
    """

    def load(find: Finder) -> Dataset:
        found: list[tuple[str, int, Read]] = []
        licences, short, seen, copies = [], [], set(), []
        for label, (name, version, sha256, licence) in enumerate(PACKAGES[domain]):
            file = f"{name}_{version.rpartition(':')[2]}.deb"
            path = find(Archive(file, sha256, f"apt:{name}={version}:"))
            licences.append(f"{licence} ({CLASSES[label]})")
            with reading(path):
                for place, read in packages.members(path):
                    said = prompt(place)
                    if said is None:
                        continue
                    content, called = read(), f"{CLASSES[label]}/{said}"
                    if seconds(place, content) < LEAST:
                        short.append(called)
                    elif content in seen:
                        copies.append(called)
                    else:
                        seen.add(content)
                        found.append((called, label, lambda content=content: content))
        if not found:
            raise InputError(f"languages-{domain}", "holds no prompt", "fetch its files again")
        found.sort(key=lambda row: row[0])
        test = [number % EVERY == EVERY - 1 for number in range(len(found))]
        ordered = [row for row, late in zip(found, test, strict=True) if not late]
        train = len(ordered)
        ordered += [row for row, late in zip(found, test, strict=True) if late]
        names = [name for name, _, _ in ordered]
        left_out = {f"shorter than {LEAST} seconds": short, "equal to an earlier one": copies}
        left_out = {why: several for why, several in left_out.items() if several}
        return Dataset(
            Decoded(names, lambda: contents(ordered), find.wanted, left_out),
            np.array([label for _, label, _ in ordered], np.int64),
            CLASSES,
            f"{', '.join(licences)}: prompts of Asterisk",
            train=train,
            names=names,
        )

    return load


def contents(rows: list[tuple[str, int, Read]]) -> Iterator[Read]:
    return (read for _, _, read in rows)


def prompt(place: str) -> str | None:
    """What a recorded sentence is called; None of any other file of a package."""
    parts = PurePosixPath(place).parts
    if "sounds" not in parts or PurePosixPath(place).suffix not in (".wav", ".gsm"):
        return None
    inside = parts[parts.index("sounds") + 2 :]
    is_other = inside[:1] and inside[0] in ("silence", "letters", "phonetic", "digits")
    return None if is_other or not inside else "/".join(inside)


def seconds(place: str, content: bytes) -> float:
    """How long a prompt lasts: 8 kHz of 16 bits behind a header, or GSM's 33 bytes for 20 ms."""
    if place.endswith(".gsm"):
        return len(content) / 33 * 0.02
    return (len(content) - 44) / 16000
