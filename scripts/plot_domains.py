"""Sample rows of each transfer, source above target.

    python scripts/plot_domains.py --inputs a/test_inputs.safetensors b/test_inputs.safetensors \\
        --transfers a-to-b --figures domains.pdf
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import figures, presentation
from distilshift.data import domains

import matplotlib.pyplot as plt


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--inputs", type=Path, nargs="+", required=True, help="one for each domain")
    several = {"nargs": "+", "action": "extend", "default": []}
    about = "of domains that are sources, whose classes are then shown"
    made.add_argument("--source-labels", type=Path, **several, help=about)
    made.add_argument("--transfers", nargs="+", required=True, help="source-to-target, by name")
    made.add_argument(
        "--samples", type=cli.positive_int, help="rows a domain; by the kind of data, if not given"
    )
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="pdf, svg, png")
    presentation.add_width(made)
    return made


def main(args: argparse.Namespace) -> None:
    figures.style()
    shown, said = {}, {}
    labelled = {file.parent: file for file in args.source_labels}
    for path in args.inputs:
        data = domains.load_inputs(path)
        show = data.kind.show
        samples = args.samples or show.SAMPLES
        # spread over the rows, so that sorted sets show several classes, and the same rows of
        # a domain and its shifted version
        rows = [(2 * i + 1) * len(data.inputs) // (2 * samples) for i in range(samples)]
        name = data.header["domain"]
        shown[name] = data.inputs[rows]
        if path.parent in labelled:
            labels = domains.load_labels(labelled[path.parent], data)[rows]
            said[name] = [data.header["classes"][label] for label in labels.tolist()]
    figure, axes = plt.subplots(
        len(args.transfers),
        2,
        figsize=(args.width or figures.PAGE, show.HEIGHT * len(args.transfers) + 0.1),
        squeeze=False,
    )
    for line, transfer in zip(axes, args.transfers, strict=True):
        for axis, name in zip(line, transfer.split("-to-"), strict=True):
            # a source's classes alone: a target's labels are evaluation's
            classes = [said[name]] if name in said and axis is line[0] else []
            show.draw(axis, shown[name], *classes)
            axis.set_title(f"{'source' if axis is line[0] else 'target'}: {name}", pad=2)
    figures.save(figure, args.figures)


if __name__ == "__main__":
    cli.run(main, parser())
