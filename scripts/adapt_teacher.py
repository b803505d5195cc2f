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
import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from distilshift import cli, device, networks, settings
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.learning import adaptation, adaptations, alignment, artefacts, guard, training
from distilshift.learning.settings import Adaptation, Run, Training

import torch
from torch import Tensor, nn


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--adaptation", required=True, help="its name in tables")
    settings.add_arguments(made, Adaptation, "adaptation")
    made.add_argument(
        "--teacher", type=Path, nargs="+", required=True, help="weights of the source teacher"
    )
    made.add_argument("--target-inputs", type=Path, required=True)
    made.add_argument("--target-features", type=Path, help="of a frozen part of the teacher")
    made.add_argument("--source-inputs", type=Path, help="for joint methods")
    made.add_argument("--source-features", type=Path, help="of a frozen part of the teacher")
    made.add_argument("--source-labels", type=Path, help="for joint methods")
    settings.add_arguments(made, Training, "training")
    settings.add_augmentation(made, source=True)
    text = "what differs in a strong view, e.g. erasing=0.5; else it has twice the changes"
    made.add_argument(
        "--strong-augmentation", action="append", default=[], metavar="NAME=VALUE", help=text
    )
    settings.add_arguments(made, Run, "run", several=True)
    settings.add_arguments(made, device.Device, "device")
    settings.add_arguments(made, artefacts.Artefacts, "outputs", several=True)
    return made


class Source(NamedTuple):
    """The labelled source, for joint methods."""

    path: Path
    data: domains.Inputs
    labels: Tensor
    how: settings.Settings


def load_source(args: argparse.Namespace, on: torch.device) -> Source | None:
    """What joint methods need besides; None for source-free ones."""
    if args.kind in adaptations.SOURCE_FREE:
        return None
    if not (args.source_inputs and args.source_labels):
        problem = "a joint method needs --source-inputs and --source-labels"
        raise InputError(f"--kind {args.kind}", problem)
    data = domains.load_inputs(args.source_inputs, on, args.source_features)
    labels = domains.load_labels(args.source_labels, data, on)
    group = data.kind.settings.Source
    how = group.parsed(args.source_augmentation, "--source-augmentation")
    return Source(args.source_inputs, data, labels, how)


def strong_views(target: domains.Inputs, args: argparse.Namespace) -> dict[str, settings.Settings]:
    """The ranges of the strong view by its name, where it has its own.

    Raises:
        InputError: the method sees no such view.
    """
    if not args.strong_augmentation:
        return {}
    if args.kind not in adaptations.STRONG:
        problem = f"{args.kind} sees no strong view; those do: {', '.join(adaptations.STRONG)}"
        raise InputError("--strong-augmentation", problem, "leave it out")
    given = [*args.augmentation, *args.strong_augmentation]
    return {"strong": target.kind.settings.View.parsed(given, "--strong-augmentation")}


def find_pose(model: networks.Network, target: domains.Inputs) -> tuple:
    """The pose of the target's rows in which the teacher knows them."""
    if not target.kind.has("registration"):
        raise InputError("--pose", f"{target.kind.name} has no pose", "leave it out")
    uncertainty = alignment.information_maximisation
    pose = target.kind.registration.search(model, target.inputs, uncertainty)
    cli.log.info("%s", pose)
    return pose


def fit(
    teacher: networks.Network,
    see: Callable[..., training.Views],
    source: Source | None,
    wanted: Adaptation,
    how: Training,
    run: Run,
    header: dict,
    *stream: str,
) -> guard.Adapted:
    """The teacher, trained as the method says.

    Args:
        see: gives the target's views, ``see(*stream)``.
        stream: names other batches and views than the run's own.
    """
    model, views = copy.deepcopy(teacher), see(*stream)
    task = adaptation.Task(model, views, None, None, wanted.weight, how.steps, how.label_smoothing)
    task.options = {name: getattr(wanted, name) for name in adaptations.OPTIONS}
    if source:
        named = ("adaptation source", run.seed, *stream)
        data = networks.as_read(model, source.data)
        task.source = training.Views(data, how.batch, views.ranges, *named, source=source.how)
        task.labels = source.labels
    loss_fn = adaptation.method(wanted.kind)(task)
    history = []
    if loss_fn:
        trained = nn.ModuleDict({"model": model, "extra": task.extra})
        learned = (
            training.fingerprint(source.data.header["sha256"], source.labels) if source else ""
        )
        own = {"pose": list(model.pose or ()), "trial": list(stream), "learned": learned}
        history = training.fit(trained, loss_fn, how, run, views.per_epoch, {**header, **own})
    return guard.Adapted(adaptation.target_statistics(model, views.data), history)


def adapt(
    path: Path, target: domains.Inputs, source: Source | None, args: argparse.Namespace, run: Run
) -> tuple[networks.Network, dict, list[dict], float]:
    """The teacher at ``path``, adapted to the target; its header, the history, the seconds."""
    wanted = Adaptation.given(args)
    teacher, header = networks.load_weights(path, "train_teacher", target.device)
    target = networks.as_read(teacher, target)
    ranges = target.kind.settings.View.parsed(args.augmentation, "--augmentation")
    others = strong_views(target, args)

    def see(*stream: str) -> training.Views:
        named = ("adaptation target", run.seed, *stream)
        return training.Views(target, args.batch, ranges, *named, others=others)

    how = Training.given(args).counted(see().per_epoch)
    networks.check_same(args.target_inputs, target.header, header, domains.FACTS)
    if source:
        networks.check_same(source.path, source.data.header, header, (*domains.FACTS, "domain"))
    header |= {
        "source": header["domain"],
        "target": target.header["domain"],
        "adaptation": args.adaptation,
        "adapted_by": {**wanted.facts(), **{name: of.facts() for name, of in others.items()}},
        "settings": training.settings(how, ranges, source and source.how),
        "parent_sha256": header["sha256"],
        "target_inputs_sha256": target.header["sha256"],
    }
    needs_two = any(isinstance(module, nn.BatchNorm1d) for module in teacher.modules())
    if needs_two and len(target.ids) < 2:
        problem = "has one row, and a BatchNorm over rows needs two"
        raise InputError(args.target_inputs, problem, "give a target of more rows")
    begun = time.perf_counter()
    if wanted.pose:
        teacher.pose = find_pose(teacher, target)

    def fitted(teacher: networks.Network, run: Run, *stream: str) -> guard.Adapted:
        return fit(teacher, see, source, wanted, how, run, header, *stream)

    if wanted.guard:
        kept, header["guard"] = guard.believed(teacher, target, run, fitted)
    else:
        kept = fitted(teacher, run)
    if kept.model.pose:
        header["pose"] = list(kept.model.pose)
    cli.log.info("%s to %s: adapted by %s", header["source"], header["target"], args.adaptation)
    return kept.model, header, kept.history, time.perf_counter() - begun


def main(args: argparse.Namespace) -> None:
    on = device.choose(device.Device.given(args))
    target = domains.load_inputs(args.target_inputs, on, args.target_features)
    source = load_source(args, on)
    runs, outputs = Run.each(args), artefacts.Artefacts.each(args)
    teachers = cli.shares(args.teacher, len(runs), "--teacher")
    for run, (teacher,), to in zip(runs, teachers, outputs, strict=True):
        adapted = adapt(teacher, target, source, args, run)
        artefacts.write(to, *adapted, on)
    training.finish(runs)


if __name__ == "__main__":
    cli.run(main, parser())
