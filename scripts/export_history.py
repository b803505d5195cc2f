"""Learning curves for TensorBoard: a run a network and seed, a point an epoch.

What a network fits of its training signal, its loss, its learning rate, and what else its
history has, by step. To look at them: pip install tensorboard, tensorboard --logdir events

    python scripts/export_history.py --history results/history.parquet --events events
"""

import argparse
from pathlib import Path

from distilshift import cli, extras
from distilshift.analysis import ladder
from distilshift.errors import InputError
from distilshift.files import tables

import pandas as pd


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--history", type=Path, required=True, help="from summarize")
    made.add_argument("--events", type=Path, required=True, help="output, a folder of runs")
    return made


def place(run: pd.Series, rounds: int) -> str:
    """The folder of a run: transfer, network, row and seed, as a path."""
    row = ladder.label(run["method"], run["adaptation"], run["round"], rounds)
    return f"{run['transfer']}/{run['network']}/{row}/seed{run['seed']}"


def main(args: argparse.Namespace) -> None:
    writer_of = extras.load("tensorboardX", "tensorboard", "export_history").SummaryWriter
    history = tables.read(args.history, "summarize")
    if missing := [name for name in [*tables.IDENTITY, "step"] if name not in history]:
        raise InputError(args.history, f"has no column {', '.join(missing)}")
    if args.events.exists() and any(args.events.iterdir()):
        # a second set of events would be drawn over the first
        raise InputError("--events", f"{args.events} is not empty", "name another folder")
    numbers = history.columns.difference([*tables.IDENTITY, "epoch", "step"], sort=False)
    runs = history.groupby([*ladder.ROW, "seed"], sort=False, dropna=False)
    for _, run in runs:
        folder = args.events / place(run.iloc[0], history["round"].max())
        with writer_of(str(folder)) as writer:
            for epoch in run.to_dict("records"):
                for name in numbers:
                    if pd.notna(epoch[name]):
                        writer.add_scalar(name, epoch[name], epoch["step"])
    cli.log.info("%s in %s", cli.counted(len(runs), "run"), args.events)


if __name__ == "__main__":
    cli.run(main, parser())
