"""Write a trained network as a program for other machines, and hold each against it.

ONNX, torch's own .pt2, and ONNX in eight bits take rows as a domain keeps them (uint8 pictures
and texts, int16 sounds), any number at a time, and give calibrated probabilities. Each is asked
about all --inputs: a float program that says another class anywhere is an error, eight bits are
measured.

    python scripts/export_network.py --weights weights.safetensors \\
        --inputs test_inputs.safetensors --labels test_labels.safetensors \\
        --calibration-inputs train_inputs.safetensors --onnx student.onnx \\
        --int8 student-int8.onnx --program student.pt2 --parity parity.json
"""

import argparse
from pathlib import Path

from distilshift import classifiers, cli, exports, networks
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.files import documents

import torch
from torch import Tensor

TOLERANCE = 1e-5  # of a probability: what rounding may do, and may make of two that are as good
SEEN = 1024  # rows that the ranges of eight bits are taken from


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--weights", type=Path, required=True, help="of any network of ours")
    made.add_argument("--inputs", type=Path, required=True, help="of a domain, to compare on")
    made.add_argument("--labels", type=Path, help="of these inputs, for the accuracy of each")
    made.add_argument(
        "--calibration-inputs", type=Path, help="unlabelled, for --int8: 1,024 evenly"
    )
    made.add_argument("--onnx", type=Path, help="output, floats")
    made.add_argument("--int8", type=Path, help="output, eight bits; wants --onnx")
    made.add_argument("--program", type=Path, help="output, .pt2 for torch.export.load")
    made.add_argument("--parity", type=Path, required=True, help="output, JSON")
    made.add_argument("--threads", type=cli.positive_int, default=1, help="CPU threads")
    return made


def checked(args: argparse.Namespace) -> None:
    """Refuse flags that do not fit together."""
    if not (args.onnx or args.program):
        raise InputError("--onnx, --program", "neither is given", "say what to write")
    if args.int8 and not (args.onnx and args.calibration_inputs):
        raise InputError("--int8", "needs --onnx and --calibration-inputs")
    outputs = {f"--{name}": getattr(args, name) for name in ("onnx", "int8", "program", "parity")}
    inputs = {"--weights": args.weights, "--inputs": args.inputs, "--labels": args.labels}
    inputs["--calibration-inputs"] = args.calibration_inputs
    cli.check_apart(outputs, {flag: [path] for flag, path in inputs.items() if path})


def batches(path: Path, classifier: classifiers.Classifier, most: int | None = None):
    """Rows (n, ...) of a domain, batch by batch; at most so many, evenly over all.

    Rows of a dataset are often in the order of their classes: the first would be one or two.

    Raises:
        InputError: there is none.
    """
    seen = 0
    for batch in classifier.read(path, most=most):
        for name, why in batch.unreadable:
            cli.log.warning("%r cannot be read (%s)", name, why)
        if len(batch.rows):
            yield batch.rows
        seen += len(batch.rows)
    if seen == 0:
        raise InputError(path, "holds no row that can be read", "take the inputs of a domain")


def held(expected: Tensor, found: Tensor, truth: Tensor | None) -> dict:
    """How far probabilities (N, C) are from those of the network.

    A class is another where the network gives that which is found clearly less than its best.
    """
    chosen = expected.gather(1, found.argmax(1, keepdim=True))[:, 0]
    compared = {
        "largest_difference": float(f"{(found - expected).abs().max().item():.3g}"),
        "classes_flipped": int((chosen < expected.max(1).values - TOLERANCE).sum()),
    }
    if truth is not None:
        compared["accuracy"] = round((found.argmax(1) == truth).double().mean().item(), 6)
    return compared


def main(args: argparse.Namespace) -> None:
    checked(args)
    torch.set_num_threads(args.threads)
    classifier = classifiers.load(args.weights)
    truth = None
    if args.labels:
        data = domains.load_inputs(args.inputs)
        # a label is a place in the list of classes: of another list it says nothing here
        networks.check_same(args.inputs, data.header, classifier.header, domains.FACTS)
        truth = domains.load_labels(args.labels, data)
    made = exports.program(classifier)
    written = {}
    if args.program:
        exports.write_program(args.program, made, classifier)
        written["program"] = args.program, exports.run_program(args.program)
    if args.onnx:
        exports.write_onnx(args.onnx, made, classifier)
        written["onnx"] = args.onnx, exports.run_onnx(args.onnx, args.threads)
    if args.int8:
        # read before, as no warning is logged meanwhile
        some = list(batches(args.calibration_inputs, classifier, SEEN))
        exports.write_int8(args.int8, args.onnx, iter(some))
        written["int8"] = args.int8, exports.run_onnx(args.int8, args.threads)
    asked = {"network": (args.weights, classifier), **written}
    parts = [
        [predict(some) for _, predict in asked.values()]
        for some in batches(args.inputs, classifier)
    ]
    said = dict(zip(asked, map(torch.cat, zip(*parts, strict=True)), strict=True))
    report = {"weights_sha256": classifier.header["sha256"], "rows": len(said["network"])}
    for name, (path, _) in asked.items():
        report[name] = {"bytes": path.stat().st_size, **held(said["network"], said[name], truth)}
        cli.log.info("%s: %s", path, report[name])
    documents.write(args.parity, report)
    for name, (path, _) in written.items():
        if name != "int8" and report[name]["classes_flipped"]:
            problem = f"says another class of {report[name]['classes_flipped']} rows"
            raise InputError(path, problem, "do not use it; the network's weights are sound")


if __name__ == "__main__":
    cli.run(main, parser())
