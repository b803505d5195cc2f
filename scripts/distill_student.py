"""Distil a student from cached logits and unlabelled target inputs.

The cache must be that of the given teacher over the given inputs; a cache of other
weights, inputs, classes, preprocessing or views is refused, by field.

    python scripts/distill_student.py --inputs train_inputs.safetensors \\
        --logits logits.parquet --teacher adapted.safetensors --model cnn-4 \\
        --weights weights.safetensors --history history.parquet --record record.json
"""

import argparse
import time
from pathlib import Path

from distilshift import cli, device
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.files import headers, logits
from distilshift.image import augmentation
from distilshift.learning import artefacts, distillation, models, training
from distilshift.seeds import seed_from

import torch
from torch import nn


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--inputs", type=Path, required=True, help="unlabelled target inputs")
    made.add_argument("--logits", type=Path, nargs="+", required=True, help="cache, or its shards")
    made.add_argument(
        "--teacher",
        type=Path,
        nargs="+",
        required=True,
        help="what the cache must be of: weights, or a Parquet file of your own; several, in"
        " order, for a combination",
    )
    made.add_argument("--model", default="cnn-4", help="the student's network")
    made.add_argument("--method", default="kd", help="the method's name in tables")
    distillation.add_arguments(made)
    made.add_argument("--source-inputs", type=Path, help="where --source-weight is above 0")
    made.add_argument("--source-labels", type=Path, help="of these inputs")
    training.add_arguments(made)
    device.add_arguments(made)
    artefacts.add_arguments(made)
    return made


def is_own(path: Path) -> bool:
    """Whether a teacher is a file of logits that the user brought."""
    return path.suffix == ".parquet"


def load_labels(args: argparse.Namespace, data: domains.Inputs) -> logits.Cache:
    """The cache, in the order of the inputs.

    Raises:
        InputError: it is not of this teacher, these inputs, this student's views.
    """
    teachers = [
        logits.file_sha256(path)
        if is_own(path)
        else headers.read_header(path, "weights", "adapt_teacher")["sha256"]
        for path in args.teacher
    ]
    expect = {
        "teacher_sha256": teachers if len(teachers) > 1 else teachers[0],
        "inputs_sha256": data.header["sha256"],
        "classes": data.classes,
    }
    if not any(map(is_own, args.teacher)):  # else nobody knows
        expect |= {"preprocessing": augmentation.PREPROCESSING, "mode": "eval"}
    if args.views == "replayed":
        views = logits.read_provenance(args.logits[0]).get("views", 0)
        if views == 0:
            problem = "holds no views to replay"
            raise InputError(args.logits[0], problem, "set logits.views in the config")
        expect |= logits.views_drawn(views, args)
    return logits.read(args.logits, expect, data.ids.numpy())


def add_source(task: distillation.Task, provenance: dict, on: torch.device) -> None:
    """Give a task the labelled source, which must be the one that the teacher knows."""
    args = task.args
    if not (args.source_inputs and args.source_labels):
        raise InputError("--source-weight", "needs --source-inputs and --source-labels")
    source = domains.load_inputs(args.source_inputs, on)
    known = {**provenance, "domain": provenance["source"]}
    fields = ("domain", "classes", "channels", "size")
    models.check_same(args.source_inputs, source.header, known, fields)
    task.source_labels = domains.load_labels(args.source_labels, source, on)
    task.source = training.Views(source.inputs, args, "student source", args.seed)


def main(args: argparse.Namespace) -> None:
    on = device.choose(args)
    data = domains.load_inputs(args.inputs, on)
    cache = load_labels(args, data)
    teacher = None
    if args.views == "online":
        if len(args.teacher) > 1 or is_own(args.teacher[0]):
            raise InputError("--views online", "needs one teacher, and its weights")
        teacher, _ = models.load_weights(args.teacher[0], "adapt_teacher", on)
    # first weights, batches and views are those of the yardsticks of the same seed
    model = models.build(args.model, **data.input, seed=seed_from("student", args.model, args.seed))
    model = model.to(on)
    views = training.Views(data.inputs, args, "student", args.seed)
    labels = distillation.Labels(cache, on)
    see = distillation.VIEWS[args.views](views, labels, teacher)
    task = distillation.Task(model, views, labels, see, args)
    if args.source_weight:
        add_source(task, cache.provenance, on)
    loss_fn = distillation.loss_fn(args.loss, task)
    header = {
        "role": "student",
        "method": args.method,
        "model": args.model,
        "classes": data.classes,
        "channels": data.header["channels"],
        "size": data.header["size"],
        "seed": args.seed,
        **{name: getattr(args, name) for name in distillation.SETTINGS},
        "settings": training.settings(args),
        **{key: cache.provenance[key] for key in PROVENANCE},
    }
    begun = time.perf_counter()
    trained = nn.ModuleDict({"model": model, "extra": task.extra})
    history = training.fit(trained, loss_fn, args, views.per_epoch, header)
    model = distillation.finished(args.loss, task)
    artefacts.write(args, model, header, history, on, time.perf_counter() - begun)


PROVENANCE = (
    "source",
    "target",
    "teacher",
    "teacher_sha256",
    "adaptation",
    "round",
    "inputs_sha256",
)

if __name__ == "__main__":
    cli.run(main, parser())
