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

from distilshift import cli, device, networks, settings
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.learning import adaptation, adaptations, alignment, artefacts, training
from distilshift.learning.settings import Adaptation, Run, Training

from torch import nn


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--adaptation", required=True, help="its name in tables")
    settings.add_arguments(made, Adaptation, "adaptation")
    made.add_argument("--teacher", type=Path, required=True, help="weights of the source teacher")
    made.add_argument("--target-inputs", type=Path, required=True)
    made.add_argument("--source-inputs", type=Path, help="for joint methods")
    made.add_argument("--source-labels", type=Path, help="for joint methods")
    settings.add_arguments(made, Training, "training")
    settings.add_augmentation(made, source=True)
    settings.add_arguments(made, Run, "run")
    settings.add_arguments(made, device.Device, "device")
    settings.add_arguments(made, artefacts.Artefacts, "outputs")
    return made


def add_source(task: adaptation.Task, args: argparse.Namespace, header: dict, source) -> None:
    """Give a joint method the labelled source, which must be the one that the teacher knows."""
    if not (args.source_inputs and args.source_labels):
        problem = "a joint method needs --source-inputs and --source-labels"
        raise InputError(f"--kind {args.kind}", problem)
    views = task.target
    data = domains.load_inputs(args.source_inputs, views.device)
    fields = (*domains.FACTS, "domain")
    networks.check_same(args.source_inputs, data.header, header, fields)
    task.labels = domains.load_labels(args.source_labels, data, views.device)
    stream = ("adaptation source", args.seed)
    task.source = training.Views(data, args.batch, views.ranges, *stream, source=source)


def main(args: argparse.Namespace) -> None:
    on, run = device.choose(device.Device.given(args)), Run.given(args)
    how, wanted = Training.given(args), Adaptation.given(args)
    model, header = networks.load_weights(args.teacher, "train_teacher", on)
    target = domains.load_inputs(args.target_inputs, on)
    networks.check_same(args.target_inputs, target.header, header, domains.FACTS)
    kind = target.kind
    ranges = kind.settings.View.parsed(args.augmentation, "--augmentation")
    source = kind.settings.Source.parsed(args.source_augmentation, "--source-augmentation")
    header |= {
        "source": header["domain"],
        "target": target.header["domain"],
        "adaptation": args.adaptation,
        "adapted_by": wanted.facts(),
        "settings": training.settings(how, ranges, source),
        "parent_sha256": header["sha256"],
        "target_inputs_sha256": target.header["sha256"],
    }
    begun = time.perf_counter()
    if wanted.pose:
        if not kind.has("registration"):
            raise InputError("--pose", f"{kind.name} has no pose", "leave it out")
        uncertainty = alignment.information_maximisation
        model.pose = kind.registration.search(model, target.inputs, uncertainty)
        header["pose"] = list(model.pose)
        cli.log.info("%s", model.pose)
    views = training.Views(target, how.batch, ranges, "adaptation target", run.seed)
    task = adaptation.Task(model, views, None, None, wanted.weight, how.steps)
    if wanted.kind not in adaptations.SOURCE_FREE:
        add_source(task, args, header, source)
    loss_fn = adaptation.method(wanted.kind)(task)
    history = []
    if loss_fn:
        trained = nn.ModuleDict({"model": model, "extra": task.extra})
        history = training.fit(trained, loss_fn, how, run, views.per_epoch, header)
    adapted = adaptation.target_statistics(model, target)
    seconds = time.perf_counter() - begun
    artefacts.write(artefacts.Artefacts.given(args), adapted, header, history, on, seconds)
    training.finish(run)
    cli.log.info("%s to %s: adapted by %s", header["source"], header["target"], args.adaptation)


if __name__ == "__main__":
    cli.run(main, parser())
