"""Hold the outputs of all networks of one transfer against the true labels of the tests.

Only here, in the oracle's training and in that of rows marked as of few labels are target
labels read.

    python scripts/evaluate.py --outputs label-free/outputs.parquet oracle/outputs.parquet \\
        --source-labels a/test_labels.safetensors --target-labels b/test_labels.safetensors \\
        --records teacher/record.json student/record.json \\
        --histories teacher/history.parquet student/history.parquet \\
        --predictions predictions.parquet --metrics metrics.parquet --history history.parquet
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import metrics
from distilshift.errors import InputError
from distilshift.files import documents, labels, outputs, tables

import numpy as np
import pandas as pd

TESTS = [("source", "test"), ("target", "test")]


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"type": Path, "nargs": "+", "required": True}
    made.add_argument("--outputs", **several, help="of predict, the oracles among them")
    made.add_argument("--source-labels", type=Path, required=True, help="of its test half")
    made.add_argument("--target-labels", type=Path, required=True, help="of its test half")
    made.add_argument("--records", **several, help="one for each network, in the outputs' order")
    made.add_argument("--histories", **several, help="one for each network, in the outputs' order")
    made.add_argument("--predictions", type=Path, required=True, help="output, a row a sample")
    made.add_argument("--metrics", type=Path, required=True, help="output, a row a measurement")
    made.add_argument("--history", type=Path, required=True, help="output, a row an epoch")
    return made


def read_record(path: Path, network: dict) -> dict:
    """What is to be told of a network's training.

    Raises:
        InputError: also where the record is of other weights.
    """
    record = documents.read(path, "of its folder's weights")
    if record.get("weights_sha256") != network["weights_sha256"]:
        problem = f"is not of the {network['method']} of seed {network['seed']} in the outputs"
        raise InputError(path, problem, "give records and histories in the outputs' order")
    return {name: record[name] for name in ("device", "parameters", "training_seconds")}


def identity(network: dict) -> dict:
    return {name: network[name] for name in tables.IDENTITY}


def trainings(args: argparse.Namespace) -> tuple[list[dict], pd.DataFrame]:
    """The record of every network of the outputs, in order, and all their histories."""
    networks = [network for path in args.outputs for network in outputs.networks(path)]
    if not len(networks) == len(args.records) == len(args.histories):
        given = f"{len(args.records)} records, {len(args.histories)} histories"
        raise InputError("--records", f"{len(networks)} networks, {given}", "give as many")
    records = [
        read_record(path, network) for path, network in zip(args.records, networks, strict=True)
    ]
    histories = [
        tables.read(path, "of its weights").assign(**identity(network))
        for path, network in zip(args.histories, networks, strict=True)
    ]
    return records, pd.concat(histories)


def measure(
    logits: np.ndarray, truth: np.ndarray, raw: np.ndarray | None, teacher: np.ndarray | None
) -> dict[str, float]:
    """Every metric by name.

    Args:
        raw: of a student, its logits before they were calibrated.
        teacher: of a student on the target, what its teacher says: fidelity is to that.
    """
    found = {name: function(logits, truth) for name, function in metrics.METRICS.items()}
    if raw is not None:
        found |= {
            f"{name}_{metrics.UNCALIBRATED}": metrics.METRICS[name](raw, truth)
            for name in metrics.OF_PROBABILITIES
        }
    if teacher is not None:
        fidelity = {
            name: function(logits, teacher, truth) for name, function in metrics.FIDELITY.items()
        }
        found |= {name: value for name, value in fidelity.items() if not np.isnan(value)}
    return found


def main(args: argparse.Namespace) -> None:
    records, history = trainings(args)
    networks = (one for path in args.outputs for one in outputs.read(path, TESTS))
    teachers: dict[tuple, np.ndarray] = {}  # their target-test logits, by seed and adaptation
    measured, predictions = [], []
    for one, record in zip(networks, records, strict=True):
        own, method = (one.network["seed"], one.network["adaptation"]), one.network["method"]
        for half, logits in one.logits.items():
            labels_path = args.source_labels if half[0] == "source" else args.target_labels
            truth, names = labels.load(labels_path, one.inputs[half], one.ids[half])
            on_target = half[0] == "target"
            if on_target and method == "teacher":
                teachers[own] = logits
            distilled = one.network["adaptation"] is not None and method != "teacher"
            values = measure(
                logits,
                truth,
                one.uncalibrated(half) if distilled else None,
                teachers.get(own) if on_target and distilled else None,
            )
            place = {**identity(one.network), "domain": half[0], "split": half[1]}
            measured += [
                {**place, "metric": name, "value": value, **record}
                for name, value in values.items()
            ]
            samples = {"sample_id": one.ids[half], "name": names.to_pandas()}
            said = logits.argmax(1)
            samples |= {"label": truth, "prediction": said}
            classes = one.inputs[half]["classes"]
            samples["class"] = pd.Categorical.from_codes(truth, classes)
            samples["predicted_class"] = pd.Categorical.from_codes(said, classes)
            confidence = metrics.softmax(logits).max(1)
            predictions.append(pd.DataFrame({**place, **samples, "confidence": confidence}))
            cli.log.info("%s %s: %s accuracy %.4f", method, own[1], half[0], values["accuracy"])
    # every network says the same names: each text is kept once
    texts = dict.fromkeys(["name", "class", "predicted_class"], "category")
    every = pd.concat(predictions, ignore_index=True).astype(texts)
    tables.write(every, args.predictions)
    tables.write(pd.DataFrame(measured)[tables.METRICS], args.metrics)
    tables.write(history, args.history)


if __name__ == "__main__":
    cli.run(main, parser())
