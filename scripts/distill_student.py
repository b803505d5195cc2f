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

from distilshift import cli, device, networks, settings
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.files import headers, logits
from distilshift.learning import artefacts, distillation, training
from distilshift.learning.settings import Method, Run, Training
from distilshift.seeds import seed_from

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
    settings.add_arguments(made, Method, "method")
    made.add_argument("--source-inputs", type=Path, help="where --source-weight is above 0")
    made.add_argument("--source-labels", type=Path, help="of these inputs")
    settings.add_arguments(made, Training, "training")
    settings.add_augmentation(made)
    settings.add_arguments(made, Run, "run")
    settings.add_arguments(made, device.Device, "device")
    settings.add_arguments(made, artefacts.Artefacts, "outputs")
    return made


def is_own(path: Path) -> bool:
    """Whether a teacher is a file of logits that the user brought."""
    return path.suffix == ".parquet"


def load_cache(args: argparse.Namespace, views: training.Views) -> logits.Cache:
    """The cache, in the order of the rows.

    Raises:
        InputError: it is not of this teacher, these rows, this student's views.
    """
    data = views.data
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
        expect |= {"preprocessing": data.kind.views.PREPROCESSING, "mode": "eval"}
    if args.views == "replayed":
        count = logits.read_provenance(args.logits[0]).get("views", 0)
        if count == 0:
            problem = "holds no views to replay"
            raise InputError(args.logits[0], problem, "set logits.views in the config")
        names = data.kind.views.PARAMETERS
        expect |= logits.views_drawn(count, names, views.ranges.facts(), args.seed)
    return logits.read(args.logits, expect, data.ids.numpy())


def add_source(task: distillation.Task, args: argparse.Namespace, provenance: dict) -> None:
    """Give a task the labelled source, which must be the one that the teacher knows."""
    if not (args.source_inputs and args.source_labels):
        raise InputError("--source-weight", "needs --source-inputs and --source-labels")
    views = task.views
    source = domains.load_inputs(args.source_inputs, views.device)
    known = {**views.data.known, "domain": provenance["source"]}
    networks.check_same(args.source_inputs, source.header, known, tuple(known))
    task.source_labels = domains.load_labels(args.source_labels, source, views.device)
    task.source = training.Views(source, args.batch, views.ranges, "student source", args.seed)


def main(args: argparse.Namespace) -> None:
    on, run = device.choose(device.Device.given(args)), Run.given(args)
    how, method = Training.given(args), Method.given(args)
    data = domains.load_inputs(args.inputs, on)
    ranges = data.kind.settings.View.parsed(args.augmentation, "--augmentation")
    views = training.Views(data, how.batch, ranges, "student", run.seed)
    cache = load_cache(args, views)
    teacher = None
    if method.views == "online":
        if len(args.teacher) > 1 or is_own(args.teacher[0]):
            raise InputError("--views online", "needs one teacher, and its weights")
        teacher, _ = networks.load_weights(args.teacher[0], "adapt_teacher", on)
    # first weights, batches and views are those of the yardsticks of the same seed
    first = seed_from("student", args.model, run.seed)
    model = networks.build(args.model, **data.needs, seed=first).to(on)
    labels = distillation.Labels(cache, on)
    see = distillation.VIEWS[method.views](views, labels, teacher)
    task = distillation.Task(model, views, labels, see, method, how.steps, run.seed)
    if method.source_weight:
        add_source(task, args, cache.provenance)
    loss_fn = distillation.loss_fn(method.loss, task)
    header = {
        "role": "student",
        "method": args.method,
        "model": args.model,
        **data.known,
        "seed": run.seed,
        "distilled_by": method.facts(),
        "settings": training.settings(how, ranges),
        **{key: cache.provenance[key] for key in PROVENANCE},
    }
    begun = time.perf_counter()
    trained = nn.ModuleDict({"model": model, "extra": task.extra})
    history = training.fit(trained, loss_fn, how, run, views.per_epoch, header)
    if problem := distillation.collapse(history):
        cli.log.warning("the student has %s", problem)
    model = distillation.finished(method.loss, task)
    seconds = time.perf_counter() - begun
    artefacts.write(artefacts.Artefacts.given(args), model, header, history, on, seconds)
    training.finish(run)


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
