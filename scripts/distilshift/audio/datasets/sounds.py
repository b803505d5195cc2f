"""From the bytes of a file to rows: formats, channels, rates, and what cannot be read.

Sounds are decoded a few hundred at a time. One that cannot be read is left out and named
with the reason, never silently dropped.
"""

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from distilshift import extras
from distilshift.audio.rows import fit
from distilshift.audio.settings import Input
from distilshift.cli import log
from distilshift.data.base import words

import numpy as np

SUFFIXES = words(".wav .flac .ogg .oga .opus .mp3 .aif .aiff .au .gsm")
BATCH = 256
CHANNELS = "several channels, averaged"
LONG = "longer than a row, the part of most energy is kept"
COARSE = "recorded at a lower rate than a row's"
SILENT = "silent"

Read = Callable[[], bytes]


class Decoded:
    """Sounds that are decoded as they are asked for, in their order.

    Args:
        names: what each is called, in errors, the manifest and the rows.
        contents: gives, each time it is called, what reads each sound's bytes, in the order
            of the names; an archive that is read from its beginning gives one after the other.
        wanted: the rate and length that they become.
        left_out: reason -> names of what was found and is not read.

    Attributes:
        unreadable: name -> why, known at the end.
        notes: what was done to sounds that are read -> their names, known at the end.
    """

    def __init__(
        self,
        names: list[str],
        contents: Callable[[], Iterable[Read]],
        wanted: Input,
        left_out: dict[str, list[str]] | None = None,
    ):
        self.names, self.contents, self.wanted = names, contents, wanted
        self.left_out = left_out or {}
        self.unreadable: dict[str, str] = {}
        self.notes: dict[str, list[str]] = {}

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        contents = iter(self.contents())
        workers = min(8, len(os.sched_getaffinity(0)))
        with ThreadPoolExecutor(workers) as pool:
            for start in range(0, len(self.names), BATCH):
                numbers = range(start, min(start + BATCH, len(self.names)))
                some = [self._bytes(next(contents)) for _ in numbers]
                called = [self.names[number] for number in numbers]
                done = list(zip(numbers, pool.map(self._decode, called, some), strict=True))
                for number, found in done:
                    name = self.names[number]
                    if isinstance(found, str):
                        log.warning("%s cannot be read (%s)", name, found)
                        self.unreadable[name] = found
                        continue
                    for note in found[1]:
                        self.notes.setdefault(note, []).append(name)
                kept = [(number, found) for number, found in done if not isinstance(found, str)]
                if kept:
                    yield np.array([n for n, _ in kept]), np.stack([f[0] for _, f in kept])

    @staticmethod
    def _bytes(read: Read) -> bytes | str:
        try:
            return read()
        except OSError as error:
            return f"OSError: {error.strerror or error}"

    def _decode(self, name: str, content: bytes | str) -> tuple[np.ndarray, list[str]] | str:
        """A row and notes, or why there are none."""
        if isinstance(content, str):
            return content
        # whatever a damaged file makes a decoder raise is that sound's error alone
        try:
            return row(name, content, self.wanted)
        except Exception as error:
            return " ".join(f"{type(error).__name__}: {error}".split())


def row(name: str, content: bytes, wanted: Input) -> tuple[np.ndarray, list[str]]:
    """int16 (T,) of a file's bytes, and notes on what was done to it."""
    sound, rate = decode(name, content)
    notes = [CHANNELS] * (sound.ndim == 2 and sound.shape[1] > 1)
    notes += [LONG] * (len(sound) > wanted.seconds * rate) + [COARSE] * (rate < wanted.rate)
    found = fit(sound, rate, wanted)
    return found, notes + [SILENT] * (not found.any())


def decode(name: str, content: bytes) -> tuple[np.ndarray, int]:
    """float64 (samples,) or (samples, channels) of full scale -1 to 1, and samples a second.

    WAV of whole numbers or floats is read by scipy; anything else by libsndfile, also WAV
    of other codes; ``.gsm`` is GSM 06.10 at 8 kHz without a header.

    Raises:
        ValueError: an empty file, or one that ends too early.
        Exception: whatever the readers raise on damaged bytes.
    """
    if not content:
        raise ValueError("an empty file")
    if name.lower().endswith(".gsm"):
        raw = {"format": "RAW", "subtype": "GSM610", "samplerate": 8000, "channels": 1}
        return soundfile(name).read(io.BytesIO(content), **raw)
    if content[:4] in (b"RIFF", b"RIFX") and code_of(content) in (1, 3):
        return read_wav(content)
    return soundfile(name).read(io.BytesIO(content))


def soundfile(name: str):
    """libsndfile, where it is installed."""
    return extras.load("soundfile", "audio", name)


def code_of(content: bytes) -> int:
    """How a WAV's samples are coded: 1 is whole numbers, 3 floats; 0, if it says nothing.

    Source: Microsoft, "Multiple channel audio data and WAVE files" (2007): of an extensible
    format the code is the first two bytes of the sub-format.
    """
    order = "little" if content[:4] == b"RIFF" else "big"
    at = content.find(b"fmt ", 12)
    code = int.from_bytes(content[at + 8 : at + 10], order) if at >= 0 else 0
    return int.from_bytes(content[at + 32 : at + 34], order) if code == 0xFFFE else code


def read_wav(content: bytes) -> tuple[np.ndarray, int]:
    """A WAV of whole numbers (8 to 64 bits) or floats."""
    from scipy.io import wavfile  # half a second to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of chunks that are no sound
        warnings.filterwarnings("error", "Reached EOF prematurely")
        rate, sound = wavfile.read(io.BytesIO(content))
    if sound.dtype == np.uint8:  # the only code whose silence is not 0
        return (sound.astype(np.float64) - 128) / 128, rate
    if sound.dtype.kind == "i":
        return sound / -float(np.iinfo(sound.dtype).min), rate
    return sound.astype(np.float64), rate
