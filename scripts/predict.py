"""Compute the logits of the networks of one transfer on both test halves and the target's
training half: those of students calibrated.

What each network is (teacher, source-only, distilled, oracle) is read from its own
header. No label is read. Test rows of the target that are rows of --source-train-inputs are
counted and said.

    python scripts/predict.py --network cnn --source-test-inputs a/test_inputs.safetensors \\
        --target-train-inputs b/train_inputs.safetensors \\
        --target-test-inputs b/test_inputs.safetensors \\
        --weights teacher/weights.safetensors student/weights.safetensors \\
        --outputs outputs.parquet
"""

import argparse
from pathlib import Path

from distilshift import cli, device, networks, row_names, settings
from distilshift.data import domains, splits
from distilshift.errors import InputError
from distilshift.files import outputs

import numpy as np
import torch

HALVES = (("source", "test"), ("target", "train"), ("target", "test"))


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--network", required=True, help="name of the teacher-student pair")
    for domain, split in HALVES:
        made.add_argument(f"--{domain}-{split}-inputs", type=Path, required=True)
        text = "of a frozen part of the teacher, if it has one"
        made.add_argument(f"--{domain}-{split}-features", type=Path, help=text)
    text = "a warning counts the target's test rows that are in it"
    made.add_argument("--source-train-inputs", type=Path, help=text)
    made.add_argument("--weights", type=Path, nargs="+", required=True, help="of every network")
    text = "the domain that oracles learned from, where the target is a part of it"
    made.add_argument("--oracle", help=text)
    made.add_argument("--outputs", type=Path, required=True, help="output, Parquet")
    settings.add_arguments(made, device.Device, "device")
    return made


def load_inputs(args: argparse.Namespace) -> dict[tuple[str, str], domains.Inputs]:
    """The inputs by domain and split.

    Raises:
        InputError: also where a file is of the other half, or the target's two halves
            are of two domains.
    """
    found = {}
    for domain, split in HALVES:
        path = getattr(args, f"{domain}_{split}_inputs")
        features = getattr(args, f"{domain}_{split}_features")
        data = found[domain, split] = domains.load_inputs(path, features=features)
        expected = {"split": split, "domain": data.header["domain"]}
        if (domain, split) == ("target", "test"):
            expected["domain"] = found["target", "train"].header["domain"]
        networks.check_same(path, data.header, expected, tuple(expected))
    return found


def warn_of_learned(path: Path, test: domains.Inputs, source: str) -> None:
    """Say how many test rows of the target the source's training half holds, with their labels.

    Domains of one dataset have the same halves: rows in both are said when it is read.
    """
    train = domains.load_inputs(path)
    expected = {"split": "train", "domain": source}
    networks.check_same(path, train.header, expected, tuple(expected))
    if train.header["dataset"] == test.header["dataset"]:
        return
    seen, asked = (splits.digests(data.inputs.numpy()) for data in (train, test))
    if count := int(np.isin(asked, seen).sum()):
        whose = f"{count} of {len(asked)} test rows of {test.header['domain']}"
        cli.warn(f"{whose} are training rows of {source}: their labels were learned from")


def identity(
    header: dict, source: str, target: str, oracle: str, network: str, where: Path
) -> dict:
    """The columns that say which row of the ladder a network is.

    Args:
        oracle: the domain whose labels the target's oracle has seen.

    Raises:
        InputError: the network belongs to another transfer.
    """
    distilled = header["method"] != "supervised"
    if header["role"] == "teacher":
        method, belongs = "teacher", header["domain"] == source
    elif distilled:
        method, belongs = header["method"], header["source"] == source
    else:
        method = {source: "source-only", oracle: "oracle"}.get(header["domain"])
        belongs = method is not None
        if method == "oracle" and "labels_a_class" in header:
            method = row_names.with_labels("oracle", header["labels_a_class"])
    if not belongs or header.get("target", target) != target:
        trained = header.get("domain") or f"{header['source']} to {header['target']}"
        problem = f"was trained on {trained}, this transfer is {source} to {target}"
        raise InputError(where, problem, "check the flags")
    teacher = header["role"] == "teacher"
    return {
        "transfer": f"{source}-to-{target}",
        "source": source,
        "target": target,
        "network": network,
        "teacher": header["model"] if teacher else header.get("teacher"),
        "adaptation": header.get("adaptation", "none" if teacher else None),
        "method": method,
        "student": None if teacher else header["model"],
        "round": header.get("round", 0),
        "seed": header["seed"],
        "weights_sha256": header["sha256"],
        "temperature": header.get("calibration", {}).get("temperature", 1.0),
    }


def main(args: argparse.Namespace) -> None:
    on = device.choose(device.Device.given(args))
    halves = load_inputs(args)
    source, target = (halves[name, "test"].header["domain"] for name in ("source", "target"))
    if args.source_train_inputs:
        warn_of_learned(args.source_train_inputs, halves["target", "test"], source)

    @torch.inference_mode()
    def outputs_of_all():
        for path in args.weights:
            model, header = networks.load_weights(path, "train_teacher or distill_student", on)
            known = identity(header, source, target, args.oracle or target, args.network, path)
            logits = {}
            for half, data in halves.items():
                networks.check_same(path, header, data.header, domains.FACTS)
                read, rows = networks.as_read(model, data), torch.arange(len(data.ids))
                parts = [model(read.plain(n).to(on)).float().cpu() for n in rows.split(256)]
                logits[half] = networks.calibrated(torch.cat(parts), header).numpy()
            yield outputs.Outputs(known, headers, ids, logits)
            cli.log.info("%s %s, round %d", known["method"], known["adaptation"], known["round"])

    headers = {half: data.header for half, data in halves.items()}
    ids = {half: data.ids.numpy() for half, data in halves.items()}
    outputs.write(args.outputs, outputs_of_all())


if __name__ == "__main__":
    cli.run(main, parser())
