"""What every training step leaves: weights, a history an epoch, a record of the machine."""

import argparse
from pathlib import Path

from distilshift import device
from distilshift.files import documents, parquet
from distilshift.learning import models, training

import pyarrow as pa
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
    parquet.write(pa.Table.from_pylist(history), args.history)
    measured = {
        "parameters": models.parameter_count(model),
        "training_seconds": round(seconds, 3),
        "weights_sha256": sha256,
        **device.record(on),
    }
    documents.write(args.record, measured)
    training.finish(args)
