"""Train a teacher on the labelled source by cross-entropy.

    python scripts/train_teacher.py --inputs train_inputs.safetensors \\
        --labels train_labels.safetensors --model cnn-16 --weights weights.safetensors \\
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
    made.add_argument("--inputs", type=Path, required=True, help="of the source's training half")
    made.add_argument("--features", type=Path, help="of its frozen part, if it has one")
    made.add_argument("--labels", type=Path, required=True, help="their labels")
    made.add_argument("--model", default="cnn-16", help="e.g. cnn-16, mlp-256-128, resnet18")
    settings.add_arguments(made, checkpoints.Start, "first weights")
    settings.add_arguments(made, Training, "training")
    settings.add_augmentation(made, source=True)
    settings.add_arguments(made, Run, "run", several=True)
    settings.add_arguments(made, device.Device, "device")
    settings.add_arguments(made, artefacts.Artefacts, "outputs", several=True)
    return made


def main(args: argparse.Namespace) -> None:
    on, how = device.choose(device.Device.given(args)), Training.given(args)
    data = domains.load_inputs(args.inputs, on, args.features)
    labels = domains.load_labels(args.labels, data, on)
    kind = data.kind.settings
    ranges = kind.View.parsed(args.augmentation, "--augmentation")
    source = kind.Source.parsed(args.source_augmentation, "--source-augmentation")
    runs, start = Run.each(args), checkpoints.Start.given(args)
    for run, to in zip(runs, artefacts.Artefacts.each(args), strict=True):
        trained = supervised.train(
            data, labels, args.model, "teacher", how, run, ranges, source, start
        )
        artefacts.write(to, *trained, on)
    training.finish(runs)


if __name__ == "__main__":
    cli.run(main, parser())
