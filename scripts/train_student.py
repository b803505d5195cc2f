"""Train a student on a domain's true labels: the two yardsticks of every transfer.

Trained on the source it is the source-only student; trained on the target it is the
oracle, and with --labels-a-class the oracle of few labels. Network, first weights, steps,
batches and augmentation are those of the distilled students of the same seed.

    python scripts/train_student.py --inputs train_inputs.safetensors \\
        --labels train_labels.safetensors --model cnn-4 --weights weights.safetensors \\
        --history history.parquet --record record.json
"""

import argparse
from pathlib import Path

from distilshift import checkpoints, cli, device, settings
from distilshift.data import domains
from distilshift.learning import artefacts, supervised, training
from distilshift.learning.settings import Run, Training


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--inputs", type=Path, required=True, help="of a training half")
    made.add_argument("--labels", type=Path, required=True, help="their labels")
    made.add_argument("--model", default="cnn-4", help="e.g. cnn-4, mlp-128, resnet18")
    text = "rows of each class that are learned from, drawn by the seed; all, if not given"
    made.add_argument("--labels-a-class", type=cli.positive_int, help=text)
    settings.add_arguments(made, checkpoints.Start, "first weights")
    settings.add_arguments(made, Training, "training")
    settings.add_augmentation(made)
    settings.add_arguments(made, Run, "run", several=True)
    settings.add_arguments(made, device.Device, "device")
    settings.add_arguments(made, artefacts.Artefacts, "outputs", several=True)
    return made


def main(args: argparse.Namespace) -> None:
    on, how = device.choose(device.Device.given(args)), Training.given(args)
    data = domains.load_inputs(args.inputs, on)
    labels = domains.load_labels(args.labels, data, on)
    kind = data.kind.settings
    ranges = kind.View.parsed(args.augmentation, "--augmentation")
    runs, start = Run.each(args), checkpoints.Start.given(args)
    for run, to in zip(runs, artefacts.Artefacts.each(args), strict=True):
        trained = supervised.train(
            *(data, labels, args.model, "student", how, run, ranges),
            start=start,
            a_class=args.labels_a_class,
        )
        artefacts.write(to, *trained, on)
    training.finish(runs)


if __name__ == "__main__":
    cli.run(main, parser())
