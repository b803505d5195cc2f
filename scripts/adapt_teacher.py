"""Adapt a source teacher to unlabelled target inputs.

Source-free methods read the teacher and target inputs; joint methods read the labelled
source too. Target labels are not an input.

    python scripts/adapt_teacher.py --adaptation mcc --teacher weights.safetensors \\
        --target-inputs target/train_inputs.safetensors \\
        --source-inputs source/train_inputs.safetensors \\
        --source-labels source/train_labels.safetensors \\
        --weights adapted.safetensors --history history.parquet --record record.json
"""

import argparse
import time
from pathlib import Path

from distilshift import cli, device
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.image import augmentation, registration
from distilshift.learning import adaptation, artefacts, models, training

from torch import nn


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--adaptation", required=True, help="its name in tables")
    made.add_argument("--kind", required=True, choices=sorted(adaptation.ADAPTATIONS))
    made.add_argument(
        "--weight", type=cli.non_negative_float, default=1.0, help="of the target's part"
    )
    made.add_argument(
        "--pose",
        action="store_true",
        help="first look for the turn, size and polarity in which the teacher knows the target",
    )
    made.add_argument("--teacher", type=Path, required=True, help="weights of the source teacher")
    made.add_argument("--target-inputs", type=Path, required=True)
    made.add_argument("--source-inputs", type=Path, help="for joint methods")
    made.add_argument("--source-labels", type=Path, help="for joint methods")
    training.add_arguments(made)
    augmentation.add_source_arguments(made)
    device.add_arguments(made)
    artefacts.add_arguments(made)
    return made


def load_task(args, model, header, target, on) -> adaptation.Task:
    """The teacher, views of the target and, for joint methods, of the source."""
    views = training.Views(target.inputs, args, "adaptation target", args.seed)
    task = adaptation.Task(model, views, None, None, args.weight, args.steps)
    if args.kind in adaptation.SOURCE_FREE:
        return task
    if not (args.source_inputs and args.source_labels):
        problem = "a joint method needs --source-inputs and --source-labels"
        raise InputError(f"--kind {args.kind}", problem)
    source = domains.load_inputs(args.source_inputs, on)
    models.check_same(args.source_inputs, source.header, header, ("classes", "channels", "size"))
    models.check_same(args.source_inputs, source.header, header, ("domain",))
    task.labels = domains.load_labels(args.source_labels, source, on)
    task.source = training.Views(
        source.inputs, args, "adaptation source", args.seed, convolved=args.random_convolution
    )
    return task


def main(args: argparse.Namespace) -> None:
    on = device.choose(args)
    model, header = models.load_weights(args.teacher, "train_teacher", on)
    target = domains.load_inputs(args.target_inputs, on)
    models.check_same(args.target_inputs, target.header, header, ("classes", "channels", "size"))
    header |= {
        "source": header["domain"],
        "target": target.header["domain"],
        "adaptation": args.adaptation,
        "kind": args.kind,
        "weight": args.weight,
        "settings": {**training.settings(args), "random_convolution": args.random_convolution},
        "parent_sha256": header["sha256"],
        "target_inputs_sha256": target.header["sha256"],
    }
    begun = time.perf_counter()
    if args.pose:
        model.pose = registration.search(model, target.inputs)
        header["pose"] = list(model.pose)
        cli.log.info("%s", model.pose)
    task = load_task(args, model, header, target, on)
    loss_fn = adaptation.ADAPTATIONS[args.kind](task)
    history = []
    if loss_fn:
        trained = nn.ModuleDict({"model": model, "extra": task.extra})
        history = training.fit(trained, loss_fn, args, task.target.per_epoch, header)
    adapted = adaptation.target_statistics(model, target.inputs)
    artefacts.write(args, adapted, header, history, on, time.perf_counter() - begun)
    cli.log.info("%s to %s: adapted by %s", header["source"], header["target"], args.adaptation)


if __name__ == "__main__":
    cli.run(main, parser())
