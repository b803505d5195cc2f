"""Synthetic speech: words said on the spot by the synthesisers that this machine has.

What a program says is a function of its version, which stands in the manifest; two machines
with the same packages make the same rows. A waveform that equals an earlier one, as where a
voice ignores a pitch, is left out and counted.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from distilshift.audio.datasets.commands import DIGITS
from distilshift.audio.datasets.sounds import row
from distilshift.audio.settings import Input
from distilshift.cli import log
from distilshift.data.archives import Finder
from distilshift.data.base import Dataset, words
from distilshift.data.splits import digests, first_equal
from distilshift.errors import InputError

import numpy as np

WORDS = {
    "digits": DIGITS,
    "commands": words("yes no up down left right on off stop go"),  # of Speech Commands
}
# what the user is told to install, and how a program says its version
PROGRAMS = {
    "espeak": ("espeak-ng", "espeak-ng", "GPL-3.0-or-later"),
    "flite": ("flite", "flite", "BSD-like"),
    "festival": (
        "festival",
        "festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts",
        "BSD-like",
    ),
}
SECONDS = 60  # that one call of a program may take for a word


class Take(NamedTuple):
    """A voice, and how it speaks."""

    name: str
    is_test: bool
    flags: tuple  # for the program, as each needs them


# espeak-ng: of 36 variants, each a voice of its own, every fourth is kept for the test
VARIANTS = words(
    "f1 f2 f3 m1 f4 f5 m2 m3 m4 m5 m6 m7 m8 adam linda Andy Annie belinda boris Denis Gene"
    " aunty Hugo Jacky Lee anika marcelo Michael benjamin caleb david edward norbert pablo"
    " steph victor"
)
ACCENTS = words("en-us en-gb en-gb-scotland en-029 en-gb-x-rp en-gb-x-gbclan en-gb-x-gbcwmd")
PACES = ((140, 40), (185, 60))  # words a minute, and pitch from 0 to 99


def espeak_takes() -> Iterator[Take]:
    for number, variant in enumerate(VARIANTS):
        for accent in (ACCENTS[number % 7], ACCENTS[(number + 3) % 7]):
            for rate, pitch in PACES:
                flags = ("-v", f"{accent}+{variant}", "-s", str(rate), "-p", str(pitch))
                yield Take(f"{accent}+{variant}-{rate}-{pitch}", number % 4 == 3, flags)


# flite and festival have few speakers: a voice is one of them at a pace and a pitch, and every
# fourth is kept for the test, so that speakers are in both halves and no way of speaking is
STRETCHES = (0.8, 0.9, 1.0, 1.1, 1.25, 1.4)
PITCHES = (90, 105, 120, 140, 170)  # Hz


def settings() -> Iterator[tuple[float, int, int]]:
    count = 0
    for stretch in STRETCHES:
        for pitch in PITCHES:
            yield stretch, pitch, count
            count += 1


def flite_takes() -> Iterator[Take]:
    for speaker in ("kal", "kal16", "awb", "rms", "slt"):
        for stretch, pitch, number in settings():
            flags = ("-voice", speaker, "--setf", f"duration_stretch={stretch}")
            flags += ("--setf", f"int_f0_target_mean={pitch}")
            yield Take(f"{speaker}-{stretch}-{pitch}", number % 4 == 3, flags)


def festival_takes() -> Iterator[Take]:
    for speaker in ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts"):
        for stretch, pitch, number in settings():
            yield Take(f"{speaker}-{stretch}-{pitch}", number % 4 == 3, (speaker, stretch, pitch))


TAKES: dict[str, Callable[[], Iterator[Take]]] = {
    "espeak": espeak_takes,
    "flite": flite_takes,
    "festival": festival_takes,
}


class Spoken:
    """Rows that were made, and what was left out of them."""

    def __init__(self, rows: np.ndarray, left_out: dict[str, list[str]]):
        self.rows, self.left_out = rows, left_out

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield np.arange(len(self.rows)), self.rows


def spoken(which: str, program: str):
    """The loader of one list of words, said by one program in all its voices."""

    def load(find: Finder) -> Dataset:
        command, packages, licence = PROGRAMS[program]
        if shutil.which(command) is None:
            problem = f"{command} is not on the PATH"
            raise InputError(f"{which}-{program}", problem, f"apt-get install {packages}")
        takes = sorted(TAKES[program](), key=lambda take: take.is_test)
        said = [(take, word) for take in takes for word in WORDS[which]]
        rows = said_by(program, said, find.wanted)
        names = [f"{take.name}/{word}" for take, word in said]
        kept = np.flatnonzero(first_equal(digests(rows)) == np.arange(len(rows)))
        copies = sorted(set(range(len(rows))) - set(kept.tolist()))
        left_out = {"a waveform equal to an earlier one": [names[number] for number in copies]}
        log.info("%s: %d rows, %d copies left out", program, len(kept), len(copies))
        return Dataset(
            Spoken(rows[kept], left_out if copies else {}),
            np.array([WORDS[which].index(said[number][1]) for number in kept], np.int64),
            WORDS[which],
            f"synthetic speech by {version(command)}, a program under {licence}",
            train=int(sum(not said[number][0].is_test for number in kept)),
            names=[names[number] for number in kept],
        )

    return load


def version(command: str) -> str:
    """A program's name and version, by what it says of itself."""
    done = subprocess.run(
        [command, "--version"], capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return f"{command} {found[0]}" if found else command


def said_by(program: str, said: list[tuple[Take, str]], wanted: Input) -> np.ndarray:
    """int16 (N, T): each word as each take says it."""
    with tempfile.TemporaryDirectory() as scratch:
        paths = [Path(scratch, f"{number}.wav") for number in range(len(said))]
        if program == "festival":
            in_one_run(said, paths)
        else:
            with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
                list(pool.map(lambda one: in_a_run(program, *one), zip(said, paths, strict=True)))
        return np.stack([row(path.name, path.read_bytes(), wanted)[0] for path in paths])


def in_a_run(program: str, said: tuple[Take, str], path: Path) -> None:
    """One word by a process of its own."""
    take, word = said
    command, into = PROGRAMS[program][0], {"espeak": "-w", "flite": "-o"}[program]
    text = ["-t", word] if program == "flite" else [word]
    call([command, *take.flags, into, str(path), *text], path, take.name)


def in_one_run(said: list[tuple[Take, str]], paths: list[Path]) -> None:
    """All words by one process: festival takes longer to start than to speak."""
    lines = []
    for (take, word), path in zip(said, paths, strict=True):
        speaker, stretch, pitch = take.flags
        lines += [
            f"(voice_{speaker})",
            f"(Parameter.set 'Duration_Stretch {stretch})",
            # a linear model of pitch, made for a voice of 170 Hz that varies by 34
            f"(set! int_lr_params '((target_f0_mean {pitch}) (target_f0_std 14)"
            " (model_f0_mean 170) (model_f0_std 34)))",
            f'(utt.save.wave (utt.synth (Utterance Text "{word}")) "{path}" \'riff)',
        ]
    script = paths[0].with_name("said.scm")
    script.write_text("\n".join(lines), encoding="utf-8")
    call(["festival", "-b", str(script)], paths[-1], "festival", len(paths))


def call(command: list[str], path: Path, who: str, count: int = 1) -> None:
    """Run a synthesiser; refuse what it has not said.

    Raises:
        InputError: it failed, or has written nothing.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS * count,
        )
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        problem = f"ended with {done.returncode}: {lines[-1] if lines else 'it said nothing'}"
        if done.returncode == 0 and path.is_file() and path.stat().st_size > 44:
            return
    except subprocess.TimeoutExpired:
        problem = f"took more than {SECONDS * count} seconds"
    program = next(name for name, known in PROGRAMS.items() if known[0] == command[0])
    remedy = f"are all its voices there? apt-get install {PROGRAMS[program][1]}"
    raise InputError(f"{command[0]}, voice {who}", problem, remedy)
