"""What every training step leaves: weights, a history an epoch, a record of the machine."""

import argparse
import json
from pathlib import Path

from distilshift import cli, device
from distilshift.learning import models, training

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import nn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("outputs")
    group.add_argument("--weights", type=Path, required=True, help="safetensors")
    group.add_argument("--history", type=Path, required=True, help="Parquet, one row an epoch")
    group.add_argument("--record", type=Path, required=True, help="JSON: device, seconds, sizes")


def write(
    args: argparse.Namespace,
    model: nn.Module,
    header: dict,
    history: list[dict],
    on: torch.device,
    seconds: float,
) -> None:
    """Write the three files.

    Weights and history are the same bytes on every run of one machine; what differs
    from run to run (seconds, device) is in the record alone.
    """
    sha256 = models.save_weights(args.weights, model, header)
    with cli.whole_file(args.history) as part:
        pq.write_table(pa.Table.from_pylist(history), part)
    measured = {
        "parameters": models.parameter_count(model),
        "training_seconds": round(seconds, 3),
        "weights_sha256": sha256,
        **device.record(on),
    }
    with cli.whole_file(args.record) as part:
        part.write_text(json.dumps(measured, indent=2) + "\n")
    training.finish(args)
