"""From texts to rows of bytes and back. No torch here."""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

MASK = 0x1A  # SUBSTITUTE, the control character that stands for another; no text holds it
# all others of Unicode's category Cc but tab and line feed, what is no character, and the marks
# of byte order, which a file may begin with and a joined one hold anywhere
NOTHING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]+")


def clean(text: str) -> str:
    """A text as rows keep it: NFC, lines that end in a line feed, no other control character."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", NOTHING.sub(" ", text)).strip()


def encode(texts: Sequence[str], length: int) -> np.ndarray:
    """uint8 (N, length): UTF-8 of clean texts, cut between characters, padded with zeros."""
    rows = np.zeros((len(texts), length), np.uint8)
    for row, text in zip(rows, texts, strict=True):
        content = text[:length].encode()  # a character has a byte at least
        if len(content) > length:
            content = content[:length].decode(errors="ignore").encode()
        row[: len(content)] = np.frombuffer(content, np.uint8)
    return rows


def decode(rows: np.ndarray) -> list[str]:
    """The texts (N,) of rows uint8 (N, L); bytes that are no UTF-8 become U+FFFD."""
    return [bytes(row).rstrip(b"\0").decode(errors="replace") for row in rows]
