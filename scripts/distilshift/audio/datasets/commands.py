"""Recorded words: Speech Commands and the Free Spoken Digit Dataset."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from distilshift.audio.datasets.sounds import Decoded, Read
from distilshift.cli import counted
from distilshift.data import packages
from distilshift.data.archives import Archive, Finder, reading
from distilshift.data.base import Dataset, words
from distilshift.errors import InputError

import numpy as np

SPEECH_COMMANDS = Archive(
    "speech_commands_v0.02.tar.gz",
    "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
    "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
)
FREE_SPOKEN_DIGITS = Archive(  # the host makes such archives anew, their bytes are not promised
    "free-spoken-digit-dataset-1.0.10.tar.gz",
    "",
    "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz",
)
DIGITS = words("zero one two three four five six seven eight nine")


def speech_commands(find: Finder) -> Dataset:
    """Speech Commands v2: 105,829 recordings of 35 words by 2,618 speakers, 16 kHz.

    The official test list is the test half; the validation list counts as training. No
    speaker is in two lists.

    Source: Warden, arXiv:1804.03209.
    """
    path = find(SPEECH_COMMANDS)
    found, left_out, lists = [], defaultdict(list), {}
    with reading(path):
        for name, read in packages.members(path):
            parts = PurePosixPath(name).parts
            if parts[0] == "_background_noise_":
                left_out["background noise"].append(name)
            elif len(parts) == 2 and name.endswith(".wav"):
                found.append(name)
            elif name.endswith("_list.txt"):
                lists[name] = read().decode().split()
    if "testing_list.txt" not in lists:
        raise InputError(path, "does not hold testing_list.txt", "fetch the file again")
    missing = set(lists["testing_list.txt"]) - set(found)
    if missing:
        problem = f"lacks {counted(len(missing), 'sound')} of its test list, such as {min(missing)}"
        raise InputError(path, problem, "fetch the file again")
    test = set(lists["testing_list.txt"])
    halves = [[n for n in found if n not in test], [n for n in found if n in test]]
    return from_tar(
        path,
        halves,
        [PurePosixPath(n).parts[0] for half in halves for n in half],
        sorted({PurePosixPath(n).parts[0] for n in found}),
        "CC BY 4.0 (Speech Commands v2)",
        find,
        dict(left_out),
    )


def free_spoken_digits(find: Finder) -> Dataset:
    """Free Spoken Digit Dataset 1.0.10: 3,000 recordings of ten digits by six speakers, 8 kHz.

    Files are ``recordings/<digit>_<speaker>_<number>.wav``; numbers 0 to 4 are the official
    test half, so both halves have all speakers. Classes are called as in Speech Commands.
    """
    path = find(FREE_SPOKEN_DIGITS)
    train, test, left_out = [], [], defaultdict(list)
    with reading(path):
        for name, _ in packages.members(path):
            place = PurePosixPath(name)
            if place.parent.name != "recordings" or place.suffix != ".wav":
                continue
            digit, _, number = place.stem.split("_")
            if not (digit in "0123456789" and len(digit) == 1 and number.isdecimal()):
                left_out["a name that says no digit and number"].append(name)
                continue
            (test if int(number) < 5 else train).append(name)
    labels = [DIGITS[int(PurePosixPath(name).name[0])] for name in train + test]
    licence = "CC BY-SA 4.0 (Free Spoken Digit Dataset)"
    return from_tar(path, [train, test], labels, DIGITS, licence, find, dict(left_out))


def from_tar(
    path: Path,
    halves: list[list[str]],
    labels: list[str],
    classes: list[str],
    licence: str,
    find: Finder,
    left_out: dict[str, list[str]],
) -> Dataset:
    """Sounds of an archive, the training half first, each half in the archive's order."""

    def contents() -> Iterator[Read]:
        for half in map(set, halves):  # the archive is read through for each: it cannot be sought
            yield from (read for name, read in packages.members(path) if name in half)

    names = [name for half in halves for name in half]
    places = {label: number for number, label in enumerate(classes)}
    return Dataset(
        Decoded(names, contents, find.wanted, left_out),
        np.array([places[label] for label in labels], np.int64),
        classes,
        licence,
        train=len(halves[0]),
        names=names,
    )
