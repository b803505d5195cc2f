"""Where the words of a text are: runs of letters and digits, and each mark by itself.

An apostrophe is a letter, and so is every byte of a character beyond ASCII. Scripts without
blanks have a word a character: Chinese characters and kana (U+3000 to U+9FFF), and what lies
beyond U+FFFF, emoji among them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

BLANK, LETTER, MARK, THREE, FOUR = range(5)  # of a byte; the last two begin a word by themselves


def _kinds() -> Tensor:
    kinds = torch.full((256,), LETTER, dtype=torch.uint8)
    for byte in range(0x80):
        if chr(byte).isspace() or byte == 0:
            kinds[byte] = BLANK
        elif not (chr(byte).isalnum() or chr(byte) == "'"):
            kinds[byte] = MARK
    kinds[0xE3:0xEA] = THREE  # first bytes of characters of three bytes, and of four
    kinds[0xF0:0xF8] = FOUR
    return kinds


KINDS = _kinds()


def kinds(rows: Tensor) -> Tensor:
    """What each byte of rows uint8 (N, L) is: uint8 (N, L)."""
    return KINDS.to(rows.device)[rows.long()]


def starts(kind: Tensor) -> Tensor:
    """Whether a word begins at each byte, from the ``kinds`` (N, L) of the bytes: bool (N, L)."""

    def before(bytes: int) -> Tensor:
        return F.pad(kind, (bytes, 0), value=BLANK)[:, : kind.shape[1]]

    is_letter = kind == LETTER
    apart = (before(1) == BLANK) | (before(1) == MARK)
    apart |= (before(3) == THREE) | (before(4) == FOUR)
    return (kind >= MARK) | (is_letter & apart)


def numbers(start: Tensor) -> Tensor:
    """Which word each byte belongs to, from 1; blanks belong to the word before: int64 (N, L)."""
    return start.cumsum(1)


def mixed(values: Tensor) -> Tensor:
    """Integers int32 to well spread ones, 32 bits of which the first is the sign.

    Arithmetic is modulo 2**32, as int32 does it; ``>>`` repeats the sign, so what it moves in is
    cut.

    Source: fmix32, the end of MurmurHash3 (Appleby, public domain).
    """
    values = (values ^ ((values >> 16) & 0xFFFF)) * (0x85EBCA6B - 2**32)
    values = (values ^ ((values >> 13) & 0x7FFFF)) * (0xC2B2AE35 - 2**32)
    return values ^ ((values >> 16) & 0xFFFF)
