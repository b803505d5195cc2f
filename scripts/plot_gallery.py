"""The gallery: every shift of images at five strengths, weakest to strongest.

python scripts/plot_gallery.py --inputs inputs.safetensors --figures gallery.png
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures
from distilshift.data import kinds, shifts
from distilshift.errors import InputError
from distilshift.files import tensors
from distilshift.image.shifts import SEVERITIES, SHIFTS

import matplotlib.pyplot as plt
import numpy as np

# where a tenth to the whole of the dial would show little or too much
STRENGTHS = {
    "noise": (0.05, 0.1, 0.2, 0.3, 0.5),
    "gamma": (0.5, 1, 1.5, 2, 3),
    "blur": (0.01, 0.02, 0.03, 0.05, 0.1),
    "rotation": (15, 45, 90, 135, 180),
    "scale": (0.1, 0.25, 0.4, 0.55, 0.7),
    "translation": (0.05, 0.1, 0.2, 0.3, 0.4),
    "resolution": (0.3, 0.5, 0.7, 0.8, 0.9),
}
DIAL = (0.2, 0.4, 0.6, 0.8, 1)


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--inputs", type=Path, required=True, help="of a dataset")
    made.add_argument("--row", type=cli.non_negative_int, default=0, help="which image")
    made.add_argument("--blocks", type=cli.positive_int, default=2, help="side by side")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    return made


def strengths(kind: str) -> tuple[float, ...]:
    if kind in SEVERITIES:
        return (1, 2, 3, 4, 5)
    return STRENGTHS.get(kind, DIAL)


def main(args: argparse.Namespace) -> None:
    figures.style()
    image_kind = kinds.load("image")
    content, _ = tensors.load(args.inputs, "dataset inputs", "download_dataset")
    if args.row >= len(content["inputs"]):
        raise InputError("--row", f"is {args.row}, the file has {len(content['inputs'])} images")
    image = content["inputs"][args.row : args.row + 1]
    image = image.expand(-1, 3, -1, -1).contiguous()
    names = list(SHIFTS)
    lines = -(-len(names) // args.blocks)
    figure, axes = plt.subplots(
        1, args.blocks, figsize=(figures.PAGE, 0.53 * lines), layout="constrained", squeeze=False
    )
    side, gap = image.shape[-1], 3
    for block, axis in enumerate(axes.flat):
        some = names[block * lines : (block + 1) * lines]
        sheet = np.full((lines * (side + gap), 5 * (side + gap), 3), 255, np.uint8)
        for line, kind in enumerate(some):
            for column, strength in enumerate(strengths(kind)):
                one = [{"kind": kind, "strength": strength}]
                shown = shifts.apply(
                    image_kind, image, content["ids"][args.row : args.row + 1], one
                )
                top, left = line * (side + gap), column * (side + gap)
                sheet[top : top + side, left : left + side] = shown[0].permute(1, 2, 0)
                axis.text(left + 3, top + 3, f"{strength:g}", va="top", fontsize=5, color="white")
                axis.texts[-1].set_bbox({"facecolor": "black", "alpha": 0.5, "pad": 0.6, "lw": 0})
        axis.imshow(sheet, interpolation="nearest")
        middles = [line * (side + gap) + side / 2 for line in range(len(some))]
        axis.set_yticks(middles, [kind.replace("_", "\n", 1) for kind in some], fontsize=6)
        axis.set_xticks([])
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_visible(False)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
