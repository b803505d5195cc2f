"""What every training step leaves: weights, a history an epoch, a record of the machine."""

import dataclasses
from pathlib import Path

from distilshift import device, networks
from distilshift.files import documents, parquet
from distilshift.settings import Settings, setting

import pyarrow as pa
import torch


@dataclasses.dataclass(frozen=True)
class Artefacts(Settings):
    """Where they go."""

    weights: Path = setting(about="output, safetensors", own=True)
    history: Path = setting(about="output, Parquet, a row an epoch", own=True)
    record: Path = setting(about="output, JSON: device, seconds, sizes", own=True)


def write(
    to: Artefacts,
    model: networks.Network,
    header: dict,
    history: list[dict],
    seconds: float,
    on: torch.device,
) -> None:
    """Write the three files.

    Weights and history are the same bytes on every run of one machine; what differs
    from run to run (seconds, device) is in the record alone.
    """
    sha256 = networks.save_weights(to.weights, model, header)
    parquet.write(pa.Table.from_pylist(history), to.history)
    measured = {
        "parameters": networks.parameter_count(model),
        "training_seconds": round(seconds, 3),
        "weights_sha256": sha256,
        **device.record(on),
    }
    documents.write(to.record, measured)
