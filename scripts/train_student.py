"""Train a student on a domain's true labels: the two yardsticks of every transfer.

Trained on the source it is the source-only student; trained on the target it is the
oracle, the only network whose training may see target labels. Network, first weights,
steps, batches and augmentation are those of the distilled students of the same seed.

    python scripts/train_student.py --inputs train_inputs.safetensors \\
        --labels train_labels.safetensors --model cnn-4 --weights weights.safetensors \\
        --history history.parquet --record record.json
"""

import argparse

from distilshift import cli
from distilshift.learning import supervised


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    supervised.add_arguments(made, model="cnn-4")
    return made


def main(args: argparse.Namespace) -> None:
    supervised.train(args, role="student")


if __name__ == "__main__":
    cli.run(main, parser())
