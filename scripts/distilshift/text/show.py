"""How texts are drawn in figures, and shown on a page."""

import textwrap
from collections.abc import Sequence

from distilshift.glyphs import drawable
from distilshift.text.encoding import MASK, decode

import matplotlib as mpl
from matplotlib.axes import Axes
from torch import Tensor

LABELLED = True  # a source's texts are shown with their classes
SAMPLES, HEIGHT = 4, 1.2  # of a domain in figures/domains: how many, and inches
LINE = 62  # characters that fit beside one another
LINES = 2  # of a text
ON_A_PAGE = "text"  # what ``embed`` gives
LONGEST = 500  # characters of a text on a page


def draw(axis: Axes, rows: Tensor, classes: Sequence[str] = ()) -> None:
    """uint8 (N, L): the beginning of each text, one below the other, behind its class if given."""
    axis.set_axis_off()
    texts = decode(rows.numpy())
    if classes:
        texts = [f"{name}: {text}" for name, text in zip(classes, texts, strict=True)]
    for place, text in enumerate(texts):
        lines = textwrap.wrap(drawable(marked(text)), LINE, max_lines=LINES, placeholder=" …")
        axis.text(
            0.0,
            1 - (place + 0.1) / len(rows),
            "\n".join(lines),
            transform=axis.transAxes,
            va="top",
            fontsize=mpl.rcParams["font.size"] * 0.8,
            parse_math=False,
        )


def marked(text: str) -> str:
    """A text whose masked words are squares."""
    return text.replace(chr(MASK), "■")


def embed(rows: Tensor) -> list[str]:
    """uint8 (N, L) as texts, masked words as squares."""
    texts = map(marked, decode(rows.numpy()))
    return [text if len(text) <= LONGEST else f"{text[:LONGEST]} …" for text in texts]
