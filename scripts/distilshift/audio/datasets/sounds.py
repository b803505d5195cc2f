"""From the bytes of a file to rows: formats, channels, rates, and what cannot be read.

Sounds are decoded a few hundred at a time. One that cannot be read is left out and named
with the reason, never silently dropped.
"""

import io
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from distilshift import extras
from distilshift.audio.rows import averaged, fit
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
CLIPPED = "louder than full scale, clipped"
SHORT = "cut off, its end is missing"
UNSAID = "its header says no length"

FULL = 1.0001  # whole numbers that were divided by 32767 reach 1.00003
PIPED = 0x7F000000  # bytes: who writes to a pipe says no length, so much, or more
LAST = 2304  # samples: the two last frames of an MP3, which encoders count or not

Read = Callable[[], bytes]


class Decoded:
    """Sounds that are decoded as they are asked for, in their order.

    Args:
        names: what each is called, in errors, the manifest and the rows.
        contents: gives, each time it is called, what reads each sound's bytes, in the order
            of the names; an archive that is read from its beginning gives one after the other.
        wanted: the rate and length that they become.
        left_out: reason -> names of what was found and is not read.
        apart: whether each may be read at any time: then none is held but while it is decoded.

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
        apart: bool = False,
    ):
        self.names, self.contents, self.wanted = names, contents, wanted
        self.apart = apart
        self.left_out = left_out or {}
        self.unreadable: dict[str, str] = {}
        self.notes: dict[str, list[str]] = {}

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        contents = iter(self.contents())
        workers = min(8, len(os.sched_getaffinity(0)))
        with ThreadPoolExecutor(workers) as pool:
            for start in range(0, len(self.names), BATCH):
                numbers = range(start, min(start + BATCH, len(self.names)))
                # of an archive the next one is not reached before this one has been read
                reads = (next(contents) for _ in numbers)
                some = [read if self.apart else self._bytes(read) for read in reads]
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

    def _decode(self, name: str, content: bytes | str | Read) -> tuple[np.ndarray, list[str]] | str:
        """A row and notes, or why there are none."""
        if callable(content):
            content = self._bytes(content)
        if isinstance(content, str):
            return content
        # whatever a damaged file makes a decoder raise is that sound's error alone
        try:
            return row(name, content, self.wanted)
        except Exception as error:
            line = " ".join(f"{type(error).__name__}: {error}".split())
            return re.sub(r" at 0x[0-9a-f]+", "", line)  # the same in every run


def row(name: str, content: bytes, wanted: Input) -> tuple[np.ndarray, list[str]]:
    """int16 (T,) of a file's bytes, and notes on what was done to it."""
    sound, rate, said = decode(name, content)
    notes = [CHANNELS] * (sound.ndim == 2 and sound.shape[1] > 1)
    notes += [LONG] * (len(sound) > wanted.seconds * rate) + [COARSE] * (rate < wanted.rate)
    found = fit(sound, rate, wanted)
    notes += [CLIPPED] * bool(np.abs(averaged(sound)).max() > FULL)
    return found, notes + said + [SILENT] * (not found.any())


def decode(name: str, content: bytes) -> tuple[np.ndarray, int, list[str]]:
    """A sound as it was recorded, samples a second, and notes on what its header says.

    The sound is float64 (samples,) or (samples, channels); full scale is -1 to 1, which floats
    may exceed. WAV of whole numbers or floats is read by scipy; anything else by libsndfile,
    also WAV of other codes; ``.gsm`` is GSM 06.10 at 8 kHz without a header.

    Raises:
        ValueError: an empty file, one that ends too early, or 32 bits that hold 16.
        Exception: whatever the readers raise on damaged bytes.
    """
    if not content:
        raise ValueError("an empty file")
    if name.lower().endswith(".gsm"):
        raw = {"format": "RAW", "subtype": "GSM610", "samplerate": 8000, "channels": 1}
        return *soundfile(name).read(io.BytesIO(content), **raw), []
    content, notes = complete(content)
    if content[:4] in (b"RIFF", b"RIFX") and coding(content)[0] in (1, 3):
        return *read_wav(content), notes
    with soundfile(name).SoundFile(io.BytesIO(content)) as file:
        if file.frames == 2**63 - 1:  # FLAC from a pipe, which libsndfile cannot read to its end
            raise ValueError(f"{UNSAID}; write it to a file, not to a pipe")
        sound = file.read(file.frames)
        if file.format == "MP3":
            says = b"Xing" in content or b"Info" in content  # else libsndfile guesses
            notes += [SHORT] * (says and len(sound) + LAST < file.frames) + [UNSAID] * (not says)
        if file.format == "OGG":
            notes += [SHORT] * (not ends(content))
        if file.subtype == "PCM_32":
            refuse_16_in(32, sound)
        return sound, file.samplerate, notes


def soundfile(name: str):
    """libsndfile, where it is installed."""
    return extras.load("soundfile", "audio", name)


def chunks(content: bytes) -> dict[bytes, tuple[int, int]]:
    """name -> where a chunk of a WAV or an AIFF begins and how long it is said to be.

    Up to that of the sound: what follows it cannot be found where its length is not said.
    """
    order = "big" if content[:4] in (b"RIFX", b"FORM") else "little"
    found, at = {}, 12
    while at + 8 <= len(content) and not {b"data", b"SSND"} & found.keys():
        size = int.from_bytes(content[at + 4 : at + 8], order)
        found[content[at : at + 4]] = (at + 8, size)
        at += 8 + size + size % 2
    return found


def stated(content: bytes) -> tuple[int, int]:
    """Where a WAV's, AIFF's or AU's sound begins, and its bytes by its header; 0, 0 of others."""
    form = content[:4]
    if form == b".snd":
        return int.from_bytes(content[4:8], "big"), int.from_bytes(content[8:12], "big")
    if form not in (b"RIFF", b"RIFX", b"RF64", b"FORM"):
        return 0, 0
    at, said = chunks(content).get(b"SSND" if form == b"FORM" else b"data", (0, 0))
    if form == b"RF64":  # EBU Tech 3306: the sizes are in its first chunk, of 64 bits
        said = int.from_bytes(content[28:36], "little")
    return at, said


def complete(content: bytes) -> tuple[bytes, list[str]]:
    """A file whose header is true as to its length, and a note if that was not said.

    Programs that write to a pipe cannot go back and set the sizes: then the sound goes to the
    end of the file. scipy reads no such WAV, libsndfile none whose sizes are 0.

    Raises:
        ValueError: no sound is there, or less than its header says.
    """
    at, said = stated(content)
    here = len(content) - at
    if not at:
        return content, []
    if here <= 0:
        raise ValueError("holds no sample")
    is_wav, order = content[:3] == b"RIF", "big" if content[:4] == b"RIFX" else "little"
    total = int.from_bytes(content[4:8], order) + 8
    is_piped = said > here and said >= PIPED
    # an empty sound with other chunks behind it is no stream
    is_piped |= said == 0 and not (is_wav and at < total < PIPED)
    if not is_piped and said > here:
        raise ValueError(f"its header says {said} bytes of sound, {here} are there")
    if is_wav and is_piped:
        form, _ = chunks(content).get(b"fmt ", (at, 0))
        here -= here % (int.from_bytes(content[form + 12 : form + 14], order) or 1)
        content = content[: at - 4] + here.to_bytes(4, order) + content[at : at + here]
    if is_wav and (is_piped or total == 8 or total >= PIPED):
        content = content[:4] + (len(content) - 8).to_bytes(4, order) + content[8:]
    return content, [UNSAID] * is_piped


def ends(content: bytes) -> bool:
    """Whether an Ogg's last page is whole and marked as the last (RFC 3533, section 6)."""
    page = content[content.rfind(b"OggS") :]
    if len(page) < 27:
        return False
    sizes = page[27 : 27 + page[26]]
    return bool(page[5] & 4) and len(page) >= 27 + page[26] + sum(sizes)


def coding(content: bytes) -> tuple[int, int]:
    """How a WAV's samples are coded, and bits of each: 1 is whole numbers, 3 floats, 0 not said.

    Source: Microsoft, "Multiple channel audio data and WAVE files" (2007): of an extensible
    format the code is the first two bytes of the sub-format.
    """
    order = "little" if content[:4] == b"RIFF" else "big"
    at, _ = chunks(content).get(b"fmt ", (len(content), 0))
    code, bits, extended = (
        int.from_bytes(content[at + place : at + place + 2], order) for place in (0, 14, 24)
    )
    return extended if code == 0xFFFE else code, bits


def read_wav(content: bytes) -> tuple[np.ndarray, int]:
    """A WAV of whole numbers (8 to 64 bits) or floats.

    Raises:
        ValueError: 32 or 64 bits that hold 16.
    """
    from scipy.io import wavfile  # half a second to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of chunks that are no sound
        warnings.filterwarnings("error", "Reached EOF prematurely")
        rate, sound = wavfile.read(io.BytesIO(content))
    if sound.dtype == np.uint8:  # the only code whose silence is not 0
        return (sound.astype(np.float64) - 128) / 128, rate
    if sound.dtype.kind == "i":
        scaled = sound / -float(np.iinfo(sound.dtype).min)
        bits = coding(content)[1]
        if bits > 24:
            refuse_16_in(bits, scaled)
        return scaled, rate
    return sound.astype(np.float64), rate


def refuse_16_in(bits: int, sound: np.ndarray) -> None:
    """Refuse whole numbers of 32 or 64 bits that would all be 0 in a row's 16.

    Raises:
        ValueError: they are not 0, and nobody can tell whether 16 bits were meant.
    """
    most = np.abs(sound).max(initial=0) * 2 ** (bits - 1)
    if 0 < most <= 2 ** (bits - 17):
        raise ValueError(f"{bits}-bit values of at most {most:g}: 16-bit ones, or almost silent?")
