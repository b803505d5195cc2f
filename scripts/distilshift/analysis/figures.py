"""How every figure looks, and how it is saved: vector, colour-blind safe, byte-stable."""

import io
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from distilshift import row_names
from distilshift.cli import whole_file

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

WIDE = 19  # characters of a title above a quarter of a page
COLUMN, PAGE = 3.4, 7.0  # inches: the widths of one and of two columns of a paper

# Wong's palette (Nature Methods 8, 441, 2011), told apart with any colour vision
COLOURS = {
    "teacher": "#999999",
    "source-only": "#0072B2",
    "distilled": "#D55E00",
    "labels": "#CC79A7",  # few of the target's
    "oracle": "#009E73",
}

YARDSTICKS = ("source-only", "oracle")  # the ends of the gap

# of distilled rows that are told apart: what is left of it beside the yardsticks'
DISTILLED = ["#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

# Wong's palette again, for what is not a row of the ladder
STEPS = {
    "source-only": "#0072B2",
    "distillation": "#D55E00",
    "BatchNorm": "#000000",  # as a bar grey; the palette's other blue is too near source-only's
    "adaptation": "#E69F00",
    "method": "#F0E442",
    "rounds": "#CC79A7",
    "labels": "#009E73",
}


CROWD = 12  # rows whose lines and names are still told apart
DASHES = ["-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1))]
SHADES = [(0, 0.0), (0, 0.5), (1, 0.5)]  # towards black (0) or white (1), and how far


def looks(names: Sequence[str], colours: Sequence[str], kind: str = "distilled") -> dict[str, dict]:
    """How the line of each name is drawn, no two alike: colours differ first, then dashes, shades.

    More than ``CROWD`` are drawn as one crowd, thin, under one label that says how many.
    """
    if len(names) > CROWD:
        crowd = {"color": colours[0], "ls": "-", "lw": 0.3, "label": f"{kind} ({len(names)} rows)"}
        return dict.fromkeys(names, crowd)
    found = {}
    for at, name in enumerate(names):
        dash, colour = divmod(at, len(colours))
        shade, dash = divmod(dash, len(DASHES))
        towards, share = SHADES[shade]
        mixed = (1 - share) * np.array(to_rgb(colours[colour])) + share * towards
        found[name] = {"color": to_hex(mixed), "ls": DASHES[dash], "lw": 1, "label": name}
    return found


def columns(count: int, width: float | None = None) -> int:
    """How many of so many panels stand beside one another in a figure of that width."""
    return max(1, min(4, count, int(((width or PAGE) - 0.9) / 1.5)))


def legend(figure: Figure, looks: Iterable[dict], side: str = "lower") -> None:
    """Below the figure, or above it (``upper``): a line for each label."""
    by_label = {look["label"]: look for look in looks}
    handles = [plt.Line2D([], [], **look) for look in by_label.values()]
    beside = max(1, min(4, int(figure.get_figwidth() / 1.6)))
    figure.legend(handles=handles, loc=f"outside {side} center", ncols=beside)


def note(figure: Figure, text: str) -> None:
    """What the axes of numbers are, once for all panels, in lines that the figure holds."""
    letters = int(figure.get_figwidth() / 0.06)
    figure.supxlabel("\n".join(textwrap.wrap(text, letters)), size=8)


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
    if row_names.few_labels(method):
        return "labels"
    return method if method in COLOURS else "distilled"


def title(transfer: str, network: str) -> str:
    """A cell as readers know it, in lines that a quarter of a page holds."""
    name = transfer.replace("-to-", " → ")
    parts = [name] if len(name) <= WIDE else name.replace("→ ", "→\n").split("\n")
    return "\n".join(map(wrapped, [*parts, network]))


def wrapped(text: str) -> str:
    """In lines that a quarter of a page holds."""
    return "\n".join(textwrap.wrap(text, WIDE))


def panels(
    cells: Sequence[tuple[str, str]],
    rows: Sequence[str],
    measures: int = 1,
    height: float = 0.22,
    below: float = 0.0,
    width: float | None = None,
) -> tuple[Figure, np.ndarray]:
    """A panel for each cell and measure, with ``rows`` from the top down.

    Args:
        cells: transfer and network of each.
        rows: what each place on the y axis is called.
        measures: panels of a cell, one below the other.
        height: inches a row.
        below: inches that stand under each cell, beside those of an axis of numbers.
        width: inches of the figure; a page's, if None.

    Returns:
        The figure, and its axes (cells, measures).
    """
    beside = columns(len(cells), width)
    lines = -(-len(cells) // beside)
    highest = max(title(*cell).count("\n") for cell in cells)
    head = 0.5 + 0.12 * max(0, highest - 2) + below  # titles of three lines, or more
    size = (width or PAGE, lines * (head + measures * (0.3 + height * len(rows))))
    figure, axes = plt.subplots(lines * measures, beside, figsize=size, sharey=True, squeeze=False)
    by_cell = axes.reshape(lines, measures, beside).transpose(0, 2, 1).reshape(-1, measures)
    for cell, of_cell in zip(cells, by_cell, strict=False):
        of_cell[0].set_title(title(*cell))
    for axis in by_cell[len(cells) :].flat:
        axis.set_visible(False)
    axes[0, 0].set_yticks(range(len(rows)), rows)
    axes[0, 0].set_ylim(len(rows) - 0.5, -0.5)
    for axis in axes.flat:
        axis.tick_params(axis="y", length=0)
    return figure, by_cell[: len(cells)]


def beside(axis: Axes, place: float, text: str) -> None:
    """Write at the right of a panel, at that place of its y axis."""
    axis.annotate(
        text,
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(2, 0),
        textcoords="offset points",
        va="center",
        fontsize=7,
    )


def save(figure: Figure, paths: Iterable[Path]) -> None:
    """Write the figure to every path, by its suffix, without dates.

    A ``$`` in a name is a dollar: mathematics are the powers of a logarithmic axis alone.
    """
    for text in figure.findobj(Text):
        if "$" in text.get_text() and r"\mathdefault" not in text.get_text():
            text.set_parse_math(False)
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
    try:
        for path in paths:
            suffix = path.suffix[1:]
            drawn = io.BytesIO()  # matplotlib's PDF writer hides a full disk behind own errors
            figure.savefig(drawn, format=suffix, dpi=200, metadata=undated[suffix])
            with whole_file(path) as part:
                part.write_bytes(drawn.getvalue())
    finally:
        plt.close(figure)
