"""Evaluate the networks of one transfer on the source's and the target's test half.

What each network is (teacher, source-only, distilled, oracle) is read from its own
header. Only here and in the oracle's training are target labels read.

    python scripts/evaluate.py --network cnn \\
        --source-images a/test_images.safetensors --source-labels a/test_labels.safetensors \\
        --target-images b/test_images.safetensors --target-labels b/test_labels.safetensors \\
        --weights teacher/weights.safetensors student/weights.safetensors \\
        --records teacher/record.json student/record.json \\
        --histories teacher/history.parquet student/history.parquet \\
        --predictions predictions.parquet --metrics metrics.parquet --history history.parquet
"""

import argparse
from pathlib import Path

import pandas as pd
import torch

from distilshift import artefacts, augmentation, cli, device, domains, metrics, models, tables
from distilshift.errors import InputError


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--network", required=True, help="name of the teacher-student pair")
    for domain in ("source", "target"):
        for what in ("images", "labels"):
            made.add_argument(f"--{domain}-{what}", type=Path, required=True)
    several = {"type": Path, "nargs": "+", "required": True}
    made.add_argument("--weights", **several, help="of every network to evaluate")
    made.add_argument("--records", **several, help="one for each of the weights, in order")
    made.add_argument("--histories", **several, help="one for each of the weights, in order")
    made.add_argument("--predictions", type=Path, required=True, help="output, a row a sample")
    made.add_argument("--metrics", type=Path, required=True, help="output, a row a measurement")
    made.add_argument("--history", type=Path, required=True, help="output, a row an epoch")
    device.add_arguments(made)
    return made


def identity(header: dict, source: str, target: str, network: str, where: Path) -> dict:
    """The columns that say which row of the ladder a network is.

    Raises:
        InputError: the network belongs to another transfer.
    """
    distilled = header["method"] != "supervised"
    if header["role"] == "teacher":
        method, belongs = "teacher", header["domain"] == source
    elif distilled:
        method, belongs = header["method"], header["source"] == source
    else:
        method = {source: "source-only", target: "oracle"}.get(header["domain"])
        belongs = method is not None
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
    }


def main(args: argparse.Namespace) -> None:
    if not len(args.weights) == len(args.records) == len(args.histories):
        given = f"{len(args.weights)} weights, {len(args.records)} records"
        raise InputError("--weights", f"{given}, {len(args.histories)} histories", "give as many")
    on = device.choose(args)
    tests = {}
    for name in ("source", "target"):
        data = domains.load_images(getattr(args, f"{name}_images"))
        tests[name] = data, domains.load_labels(getattr(args, f"{name}_labels"), data)
    source, target = (tests[name][0].header["domain"] for name in ("source", "target"))
    predictions, measured, epochs = [], [], []
    for path, record_path, history_path in zip(
        args.weights, args.records, args.histories, strict=True
    ):
        model, header = models.load_weights(path, "train_teacher or distill_student", on)
        record = artefacts.read_record(record_path)
        known = identity(header, source, target, args.network, path)
        history = tables.read(history_path, "of its weights")
        epochs.append(history.assign(**known))
        for name, (data, labels) in tests.items():
            models.check_same(path, header, data.header, ("classes", "channels", "size"))
            with torch.inference_mode():
                parts = [
                    model(augmentation.preprocess(images.to(on))).float().cpu()
                    for images in data.images.split(256)
                ]
            logits = torch.cat(parts)
            predictions.append(
                pd.DataFrame(
                    {
                        **known,
                        "domain": name,
                        "split": "test",
                        "sample_id": data.ids.numpy(),
                        "label": labels.numpy(),
                        "prediction": logits.argmax(1).numpy(),
                        "logits": [row.tobytes() for row in logits.numpy()],
                    }
                )
            )
            for metric, function in metrics.METRICS.items():
                measured.append(
                    {
                        **known,
                        "domain": name,
                        "split": "test",
                        "metric": metric,
                        "value": function(logits, labels),
                        "device": record["device"],
                        "parameters": record["parameters"],
                        "training_seconds": record["training_seconds"],
                    }
                )
        shown = [
            f"{row['domain']} {row['value']:.4f}"
            for row in measured[-10:]
            if row["metric"] == "accuracy"
        ]
        cli.log.info("%s %s: accuracy %s", known["method"], known["adaptation"], ", ".join(shown))
    tables.write(pd.concat(predictions), args.predictions)
    tables.write(pd.DataFrame(measured)[tables.METRICS], args.metrics)
    tables.write(pd.concat(epochs), args.history)


if __name__ == "__main__":
    cli.run(main, parser())
