"""From the bytes of a picture to pixels: what is done with modes, depth, transparency, turns.

Pictures are decoded a few hundred at a time. One that cannot be read, or of which nobody can
tell what its values mean, is left out and named with the reason, never silently dropped.
"""

import io
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from distilshift.cli import log
from distilshift.data.base import words

import numpy as np
from PIL import Image, UnidentifiedImageError

SUFFIXES = words(
    ".jpg .jpeg .jpe .jfif .png .bmp .gif .tif .tiff .webp .ppm .pgm .pbm .pnm .jp2 .avif .tga .ico"
)
# Others are not even tried: Pillow would hand an EPS to Ghostscript, which runs programs.
# TGA has no mark of its own, so that text could pass for it; its suffix decides.
FORMATS = words("JPEG PNG BMP DIB GIF TIFF WEBP PPM JPEG2000 AVIF ICO")
GROUND = "white"  # beneath what is transparent: paper, as in most viewers
BATCH = 256
FRAMES = "several frames or pages, the first is read"
DIM = "16-bit values below 4096, read as dark"
CUT = "more than four fifths of the longer side cut off"
ENLARGED = "enlarged more than four times"

# EXIF 2.32, tag 0x0112: how the picture was held, and what sets it upright
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# tags of a TIFF
BITS, PHOTOMETRIC, PLANES, SAMPLE_FORMAT = 258, 262, 284, 339


class Decoded:
    """Pictures that are decoded as they are asked for, in their order.

    Args:
        names: what each is called, in errors, the manifest and the rows.
        read: gives the bytes of the picture of that number.
        side: each becomes so large: the shorter side scaled, the middle cut out.
        left_out: reason -> names of what was found and is not read.

    Attributes:
        unreadable: name -> why, known at the end.
        notes: what was done to pictures that are read -> their names, known at the end.
    """

    def __init__(
        self,
        names: list[str],
        read: Callable[[int], bytes],
        side: int,
        left_out: dict[str, list[str]] | None = None,
    ):
        self.names, self.read, self.side = names, read, side
        self.left_out = left_out or {}
        self.unreadable: dict[str, str] = {}
        self.notes: dict[str, list[str]] = {}

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        Image.init()  # before there are threads
        workers = min(8, len(os.sched_getaffinity(0)))
        with ThreadPoolExecutor(workers) as pool:
            for start in range(0, len(self.names), BATCH):
                numbers = range(start, min(start + BATCH, len(self.names)))
                done = list(zip(numbers, pool.map(self._decode, numbers), strict=True))
                kept = [(number, found) for number, found in done if isinstance(found, tuple)]
                for number, why in done:
                    if isinstance(why, str):
                        log.warning("%s cannot be read (%s)", shown(self.names[number]), why)
                        self.unreadable[self.names[number]] = why
                for number, (_, notes) in kept:
                    for note in notes:
                        self.notes.setdefault(note, []).append(self.names[number])
                if kept:
                    rows = np.array([number for number, _ in kept])
                    yield rows, np.stack([pixels for _, (pixels, _) in kept])
                if start // BATCH % 40 == 39:
                    log.info("%d of %d pictures", numbers[-1] + 1, len(self.names))

    def _decode(self, number: int) -> tuple[np.ndarray, list[str]] | str:
        """Pixels and notes, or why there are none."""
        try:
            is_tga = self.names[number].lower().endswith(".tga")
            return decode(self.read(number), self.side, ["TGA"] if is_tga else FORMATS)
        # whatever a damaged file makes a decoder raise (TypeError, struct.error, MemoryError)
        # is that picture's error alone
        except Exception as error:
            return why(error)


def decode(content: bytes, side: int, formats: list[str] = FORMATS) -> tuple[np.ndarray, list[str]]:
    """uint8 (3, side, side) of a picture's bytes, and notes on what was done to it.

    The first frame or page, its values at their range, over white where it is transparent,
    upright as EXIF says, the middle cut out. Colour profiles and gamma are not looked at.

    Raises:
        ValueError: nobody can tell the range of its values.
        Exception: whatever Pillow raises on damaged bytes.
    """
    notes = []
    if not content:
        raise ValueError("an empty file")
    with Image.open(io.BytesIO(content), formats=formats) as picture:
        if several_frames(picture):
            notes.append(FRAMES)
        shorter, longer = sorted(picture.size)
        notes += [CUT] * (longer > 5 * shorter) + [ENLARGED] * (side > 4 * shorter)
        picture.draft("RGB", (side, side))  # JPEG: decode no finer than needed
        reduced = is_reduced(picture, content)
        spread_clear(picture)
        picture.load()
        turn = UPRIGHT.get(orientation(picture))
        if signed(picture):
            raise ValueError("signed bytes, which no picture holds")
        if picture.mode[0] in "IF":
            picture = Image.fromarray(to_byte_range(picture, notes))
        elif reduced:
            notes += [DIM] * is_dim(picture)
            clear = picture.info.get("transparency")
            if isinstance(clear, tuple):  # the colour that stands for nothing still has 16 bits
                picture.info["transparency"] = tuple(value >> 8 for value in clear)
        plain = opaque(picture)
        if turn is not None:
            plain = plain.transpose(turn)
        return fit(plain, side), notes


def why(error: Exception) -> str:
    """An error in one line that is the same in every run."""
    if isinstance(error, UnidentifiedImageError):
        return "no picture, or of a kind that is not read"
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return re.sub(r" at 0x[0-9a-f]+", "", line)


def several_frames(picture: Image.Image) -> bool:
    try:
        return bool(getattr(picture, "is_animated", False))
    except Exception:  # damage behind the first frame, which may be whole
        return False


def orientation(picture: Image.Image) -> int:
    try:
        return picture.getexif().get(ORIENTATION, 1)
    except Exception:  # damaged EXIF says nothing about the pixels
        return 1


def signed(picture: Image.Image) -> bool:
    """Whether a TIFF of bytes holds signed ones, which Pillow reads as unsigned."""
    tags = getattr(picture, "tag_v2", {})
    return picture.mode in ("L", "RGB") and 2 in tags.get(SAMPLE_FORMAT, ())


def is_reduced(picture: Image.Image, content: bytes) -> bool:
    """Whether a picture in colour, not loaded yet, has values of which Pillow keeps 8 bits.

    Raises:
        ValueError: a TIFF that Pillow takes for one of bytes, a JPEG 2000 of which it rounds the
            brightest values up to 256, which is 0 in a byte.
    """
    kind, tile = picture.format, next(iter(picture.tile), None)
    if tile is None or picture.mode[0] in "IF":  # of one channel all bits are kept
        return False
    if kind == "TIFF":
        is_deep = max(picture.tag_v2.get(BITS, (1,))) > 8
        if is_deep and picture.tag_v2.get(PLANES) == 2 and tile.codec_name == "raw":
            raise ValueError("16-bit colours, each in a plane of its own; write them interleaved")
        return is_deep
    if kind == "JPEG2000":  # ISO 15444-1, A.5.1: the depth of the first channel, less one
        at = content.find(b"\xff\x4f\xff\x51") + 42
        if content[at] & 127 > 7:
            raise ValueError("JPEG 2000 in colour of more than 8 bits; write it as PNG")
        return False
    if kind == "PPM":
        return isinstance(tile.args, tuple) and tile.args[-1] > 255
    return kind == "PNG" and str(tile.args).endswith(";16B")


def spread_clear(picture: Image.Image) -> None:
    """Bring the grey that stands for nothing, of 2 or 4 bits in a PNG, to the range of a byte.

    Pillow does so with the values of a picture, not loaded yet, but not with this one.
    """
    tile, clear = next(iter(picture.tile), None), picture.info.get("transparency")
    factor = {"L;2": 85, "L;4": 17}.get(str(tile.args)) if tile else None
    if picture.format == "PNG" and factor and isinstance(clear, int):
        picture.info["transparency"] = clear * factor


def is_dim(picture: Image.Image) -> bool:
    """Whether all colours are below a sixteenth of the range, by the 8 of 16 bits that are left.

    Raises:
        ValueError: nothing is left, in a picture that does not say its largest value.
    """
    ranges = dict(zip(picture.getbands(), picture.getextrema(), strict=True))
    opacity = ranges.pop("A", ranges.pop("a", (0, 0)))
    most = max(high for _, high in ranges.values())
    is_shape = opacity[0] < opacity[1]  # black lines over nothing
    if most == 0 and not is_shape and picture.format != "PPM":
        problem = "16-bit colours, none above 255: bytes, or black? nobody can tell these apart"
        raise ValueError(problem)
    return most < 16


def to_byte_range(picture: Image.Image, notes: list[str]) -> np.ndarray:
    """uint8 (H, W) of 16- or 32-bit integers or floats, by the range that they are kept in.

    Sixteen bits span 0 to 65535 (twelve 4095, signed ones 32767) and so do integers of 32,
    as programs write them; floats 0 to 1.

    Raises:
        ValueError: values outside, or so small that they may well be bytes.
    """
    tags = getattr(picture, "tag_v2", {})
    bits, kind = tags.get(BITS, (16,))[0], tags.get(SAMPLE_FORMAT, (1,))[0]
    values = np.asarray(picture).astype(np.float64)
    least, most = values.min(), values.max()
    if picture.mode == "F":
        largest = 1
    elif bits == 12:
        largest = 4095
    else:
        largest = 32767 if kind == 2 and bits == 16 else 65535
    if not (least >= 0 and most <= largest):  # nan is neither
        raise ValueError(f"values from {least:g} to {most:g}; only 0 to {largest} can be shown")
    if largest > 4095 and 0 < most < 256 and picture.format != "PPM":
        raise ValueError(f"{bits}-bit values of at most {most:g}: bytes, or almost black?")
    if largest > 4095 and 0 < most < 4096:
        notes.append(DIM)
    done = np.rint(values * (255 / largest)).astype(np.uint8)
    if tags.get(PHOTOMETRIC) == 0:  # white is zero; Pillow turns that round for bytes alone
        done = 255 - done
    clear = picture.info.get("transparency")
    if isinstance(clear, int):  # one value of a 16-bit PNG stands for nothing
        done[values == clear] = 255
    return done


def opaque(picture: Image.Image) -> Image.Image:
    """RGB, and over white what is transparent: beneath it lies whatever a program left there."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    if picture.mode in ("La", "RGBa"):  # colours that are multiplied by their opacity
        picture = picture.convert(picture.mode.upper())
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, GROUND), picture).convert("RGB")


def fit(picture: Image.Image, side: int) -> np.ndarray:
    """uint8 (3, side, side): the shorter side scaled to ``side``, the middle cut out."""
    shorter = min(picture.size)
    left, top = ((length - shorter) / 2 for length in picture.size)
    box = (left, top, left + shorter, top + shorter)
    if picture.size != (side, side):
        picture = picture.resize((side, side), Image.Resampling.BILINEAR, box=box)
    return np.asarray(picture).transpose(2, 0, 1)


def shown(name: str) -> str:
    """A name in one line of a log, whatever it holds."""
    return name if name.isprintable() else repr(name)
