"""Measure what networks cost on this machine: parameters, multiply-adds, bytes, milliseconds.

Of each network, with torch and, where the extra `export` is installed, with onnxruntime in
floats and in eight bits. Cost hangs on what a network is, not on what it has learned: those
of the same model and the same shapes are measured once. A transfer of more classes has a larger
head. The numbers of time are of this machine and this hour: they are no two runs' the same.

    python scripts/measure_cost.py --weights teacher/weights.safetensors \\
        --inputs train_inputs.safetensors --transfers a-to-b --networks cnn --cost cost.parquet
"""

import argparse
import tempfile
from pathlib import Path

from distilshift import classifiers, cli, costs, device, exports, networks
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.files import tables

import pandas as pd
import torch

SEEN = 1024  # rows that are timed, and the ranges of eight bits taken from: of time, any will do


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"nargs": "+", "required": True}
    made.add_argument("--weights", type=Path, **several, help="of each network")
    made.add_argument("--inputs", type=Path, **several, help="of a domain of each, for its rows")
    made.add_argument("--transfers", **several, help="that each is of")
    made.add_argument("--networks", **several, help="name of the pair that each is of")
    made.add_argument("--threads", type=cli.positive_int, default=1, help="CPU threads")
    made.add_argument("--cost", type=Path, required=True, help="output, Parquet, a row a network")
    return made


def with_onnx(
    classifier: classifiers.Classifier, rows: torch.Tensor, threads: int, folder: Path
) -> dict:
    """Bytes and times of the network under onnxruntime, in floats and in eight bits."""
    paths = {"onnx": folder / "float.onnx", "int8": folder / "int8.onnx"}
    exports.write_onnx(paths["onnx"], exports.program(classifier), classifier)
    exports.write_int8(paths["int8"], paths["onnx"], iter([rows]))
    found = {}
    for name, path in paths.items():
        times = costs.times(exports.run_onnx(path, threads), rows)
        known = {"bytes": path.stat().st_size, **times}
        found |= {f"{name}_{key}": value for key, value in known.items()}
    return found


def like(classifier: classifiers.Classifier) -> tuple:
    """What a network's cost hangs on: networks of which it is equal are measured once."""
    header = classifier.header
    shapes = tuple(tuple(tensor.shape) for tensor in classifier.state_dict().values())
    return header["role"], header["model"], str(header["input"]), shapes


def measure(
    classifier: classifiers.Classifier, path: Path, inputs: Path, threads: int
) -> dict[str, object]:
    """What one network costs, its weights at ``path``.

    Raises:
        InputError: its rows are not those of the inputs.
    """
    data = domains.load_inputs(inputs)
    networks.check_same(inputs, data.header, classifier.header, ("data", "input"))
    rows = data.inputs[:SEEN].clone()
    header = classifier.header
    found = {
        "role": header["role"],
        "model": header["model"],
        "parameters": networks.parameter_count(classifier),
        "multiply_adds": costs.multiply_adds(classifier, rows[:1]),
        "bytes": path.stat().st_size,
        **costs.times(torch.inference_mode()(classifier), rows),
    }
    try:
        with tempfile.TemporaryDirectory() as folder:
            return found | with_onnx(classifier, rows, threads, Path(folder))
    except InputError as error:  # the extra is not installed, or the network cannot be exported
        cli.log.info("no onnxruntime: %s", error)
    return found


def main(args: argparse.Namespace) -> None:
    if not len(args.weights) == len(args.inputs) == len(args.transfers) == len(args.networks):
        given = f"{len(args.inputs)} inputs, {len(args.transfers)} transfers"
        given += f", {len(args.networks)} networks"
        raise InputError("--weights", f"{len(args.weights)} given, {given}", "give as many")
    torch.set_num_threads(args.threads)
    given = zip(args.weights, args.inputs, args.transfers, args.networks, strict=True)
    found, known = [], {}
    for path, inputs, transfer, network in given:
        classifier = classifiers.load(path)
        if (key := like(classifier)) not in known:
            known[key] = measure(classifier, path, inputs, args.threads)
        found.append({"transfer": transfer, "network": network, **known[key]})
        cli.log.info("%s", found[-1])
    frame = pd.DataFrame(found).reindex(columns=["transfer", "network", *costs.COLUMNS])
    tables.write(frame.assign(processor=device.processor(), threads=args.threads), args.cost)


if __name__ == "__main__":
    cli.run(main, parser())
