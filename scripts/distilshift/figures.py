"""How every figure looks, and how it is saved: vector, colour-blind safe, byte-stable."""

import io
from collections.abc import Iterable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from distilshift.cli import whole_file

COLUMN, PAGE = 3.4, 7.0  # inches: the widths of one and of two columns of a paper

# Wong's palette (Nature Methods 8, 441, 2011), told apart with any colour vision
COLOURS = {
    "teacher": "#999999",
    "source-only": "#0072B2",
    "distilled": "#D55E00",
    "oracle": "#009E73",
}


def style() -> None:
    """Legible at column width: nothing below 7 points."""
    sns.set_theme(context="paper", style="ticks", font_scale=0.85)
    plt.rcParams.update(
        {
            "svg.hashsalt": "distilshift",  # else element ids differ from run to run
            "pdf.fonttype": 42,  # text stays text
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 8,
            "axes.labelsize": 8,
            "xtick.labelsize": 7,
            "ytick.labelsize": 7,
            "legend.fontsize": 7,
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
        }
    )


def kind(method: str) -> str:
    """The colour key of a row."""
    return method if method in COLOURS else "distilled"


def save(figure: Figure, paths: Iterable[Path]) -> None:
    """Write the figure to every path, by its suffix, without dates."""
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
    for path in paths:
        suffix = path.suffix[1:]
        drawn = io.BytesIO()  # matplotlib's PDF writer hides a full disk behind errors of its own
        figure.savefig(drawn, format=suffix, dpi=200, metadata=undated[suffix])
        with whole_file(path) as part:
            part.write_bytes(drawn.getvalue())
    plt.close(figure)
