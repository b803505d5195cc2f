"""Train a teacher on the labelled source by cross-entropy.

    python scripts/train_teacher.py --inputs train_inputs.safetensors \\
        --labels train_labels.safetensors --model cnn-16 --weights weights.safetensors \\
        --history history.parquet --record record.json
"""

import argparse

from distilshift import cli
from distilshift.image import augmentation
from distilshift.learning import supervised


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    supervised.add_arguments(made, model="cnn-16")
    augmentation.add_source_arguments(made)
    return made


def main(args: argparse.Namespace) -> None:
    supervised.train(args, role="teacher", convolved=args.random_convolution)


if __name__ == "__main__":
    cli.run(main, parser())
