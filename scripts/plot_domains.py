"""Sample inputs of each transfer, source above target.

    python scripts/plot_domains.py --inputs a/test_inputs.safetensors b/test_inputs.safetensors \\
        --transfers a-to-b --figures domains.pdf
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures
from distilshift.data import domains

import matplotlib.pyplot as plt
import torch.nn.functional as F
from torch import Tensor


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--inputs", type=Path, nargs="+", required=True, help="one for each domain")
    made.add_argument("--transfers", nargs="+", required=True, help="source-to-target, by name")
    made.add_argument("--samples", type=cli.positive_int, default=10, help="inputs a domain")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    return made


def side_by_side(inputs: Tensor) -> Tensor:
    """Inputs (N, C, H, W) in one row, a white line around each: (H + 2, N (W + 2), 3)."""
    framed = F.pad(inputs, (1, 1, 1, 1), value=255).permute(2, 0, 3, 1)
    return framed.flatten(1, 2).expand(-1, -1, 3)


def main(args: argparse.Namespace) -> None:
    figures.style()
    shown = {}
    for path in args.inputs:
        data = domains.load_inputs(path)
        # spread over the rows, so that sorted sets show several classes, and the same rows of
        # a domain and its shifted version
        rows = [(2 * i + 1) * len(data.inputs) // (2 * args.samples) for i in range(args.samples)]
        shown[data.header["domain"]] = data.inputs[rows]
    figure, axes = plt.subplots(
        len(args.transfers),
        2,
        figsize=(figures.PAGE, 0.56 * len(args.transfers) + 0.1),
        squeeze=False,
    )
    for line, transfer in zip(axes, args.transfers, strict=True):
        for axis, name in zip(line, transfer.split("-to-"), strict=True):
            axis.imshow(side_by_side(shown[name]), interpolation="nearest")
            axis.set_axis_off()
            axis.set_title(f"{'source' if axis is line[0] else 'target'}: {name}", pad=2)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
