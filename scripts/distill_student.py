"""Distil a student from cached logits and unlabelled target inputs.

The cache must be that of the given teacher over the given inputs; a cache of other
weights, inputs, classes, preprocessing or views is refused, by field.

    python scripts/distill_student.py --inputs train_inputs.safetensors \\
        --logits logits.parquet --teacher adapted.safetensors --model cnn-4 \\
        --weights weights.safetensors --history history.parquet --record record.json
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from distilshift import checkpoints, cli, device, networks, settings
from distilshift.data import domains, kinds
from distilshift.errors import InputError
from distilshift.files import headers, logits
from distilshift.learning import artefacts, calibration, distillation, training
from distilshift.learning.settings import Method, Run, Training
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
    settings.add_arguments(made, checkpoints.Start, "first weights")
    settings.add_arguments(made, Method, "method")
    made.add_argument("--source-inputs", type=Path, help="where --source-weight is above 0")
    made.add_argument("--source-labels", type=Path, help="of these inputs")
    settings.add_arguments(made, Training, "training")
    settings.add_augmentation(made)
    settings.add_arguments(made, Run, "run", several=True)
    settings.add_arguments(made, device.Device, "device")
    settings.add_arguments(made, artefacts.Artefacts, "outputs", several=True)
    return made


def is_own(path: Path) -> bool:
    """Whether a teacher is a file of logits that the user brought."""
    return path.suffix == ".parquet"


def load_cache(
    files: list[Path], of: list[Path], method: Method, views: training.Views, seed: int
) -> logits.Cache:
    """The cache of one student, in the order of the rows.

    Args:
        files: the cache, or its shards.
        of: the teacher it must be of, or the several teachers.

    Raises:
        InputError: it is not of this teacher, these rows, this student's views.
    """
    data = views.data
    teachers = [
        logits.file_sha256(path)
        if is_own(path)
        else headers.read_header(path, "weights", "adapt_teacher")["sha256"]
        for path in of
    ]
    expect = {
        "teacher_sha256": teachers if len(teachers) > 1 else teachers[0],
        "inputs_sha256": data.header["sha256"],
        "classes": data.classes,
    }
    if not any(map(is_own, of)):  # else nobody knows
        expect |= {"preprocessing": data.kind.views.PREPROCESSING, "mode": "eval"}
    if method.views == "replayed":
        count = logits.read_provenance(files[0]).get("views", 0)
        if count == 0:
            problem = "holds no views to replay"
            raise InputError(files[0], problem, "set logits.views in the config")
        names = kinds.parameters(data.kind.views, views.ranges)
        expect |= logits.views_drawn(count, names, views.ranges.facts(), seed)
    cache = logits.read(files, expect, data.ids.numpy())
    if cache.provenance.get("keep", "").startswith("sample") and method.views != "online":
        method.check_draws(cache.provenance["keep"])
    return cache


def load_source(args: argparse.Namespace, on: torch.device) -> tuple | None:
    """The labelled source and its labels, where it joins in."""
    if args.source_weight == 0:
        return None
    if not (args.source_inputs and args.source_labels):
        raise InputError("--source-weight", "needs --source-inputs and --source-labels")
    data = domains.load_inputs(args.source_inputs, on)
    return data, domains.load_labels(args.source_labels, data, on)


def labeller(
    path: Path, data: domains.Inputs, labels: distillation.Labels
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Gives the logits (n, C) that a student is calibrated by, of rows (n,).

    The cache's; of a later round, whose cache mixes what was said before, those that the
    student of the round before, calibrated, gives now.
    """
    if is_own(path):
        return labels.logits
    known = headers.read_header(path, "weights", "adapt_teacher")
    if "calibration" not in known:
        return labels.logits
    model, _ = networks.load_weights(path, "distill_student", data.device)
    return lambda rows: networks.calibrated(model(data.plain(rows)), known)


def distil(
    args: argparse.Namespace,
    data: domains.Inputs,
    source: tuple | None,
    run: Run,
    files: list[Path],
    of: list[Path],
) -> tuple[networks.Network, dict, list[dict], float]:
    """One student of the cache in those files, of those teachers; header, history, seconds."""
    how, method, on = Training.given(args), Method.given(args), data.device
    how.check_steps()
    ranges = data.kind.settings.View.parsed(args.augmentation, "--augmentation")
    views = training.Views(data, how.batch, ranges, "student", run.seed)
    cache = load_cache(files, of, method, views, run.seed)
    teacher = None
    if method.views == "online":
        if len(of) > 1 or is_own(of[0]):
            raise InputError("--views online", "needs one teacher, and its weights")
        teacher, _ = networks.load_weights(of[0], "adapt_teacher", on)
    # first weights, batches and views are those of the yardsticks of the same seed
    first = seed_from("student", args.model, run.seed)
    model = checkpoints.begin(args.model, data.needs, first, checkpoints.Start.given(args)).to(on)
    labels = distillation.Labels(cache, on)
    see = distillation.VIEWS[method.views](views, labels, teacher)
    task = distillation.Task(model, views, labels, see, method, how.steps, run.seed)
    if source:
        known = {**data.known, "domain": cache.provenance["source"]}
        networks.check_same(args.source_inputs, source[0].header, known, tuple(known))
        stream = ("student source", run.seed)
        task.source = training.Views(source[0], how.batch, ranges, *stream)
        task.source_labels, task.smoothing = source[1], how.label_smoothing
    loss_fn = distillation.loss_fn(method.loss, task)
    header = {
        "role": "student",
        "method": args.method,
        "model": args.model,
        **data.known,
        "seed": run.seed,
        **model.origin,
        "distilled_by": method.facts(),
        "settings": training.settings(how, ranges),
        **{key: cache.provenance[key] for key in PROVENANCE},
    }
    begun = time.perf_counter()
    trained = nn.ModuleDict({"model": model, "extra": task.extra})
    history = training.fit(trained, loss_fn, how, run, views.per_epoch, header)
    model, seconds = distillation.finished(method.loss, task), time.perf_counter() - begun
    said = labeller(of[0], data, labels)
    header["calibration"] = calibration.calibrate(
        model, data.plain, lambda rows: task.shown(said(rows)), len(data.ids)
    )
    return model, header, history, seconds


def main(args: argparse.Namespace) -> None:
    on = device.choose(device.Device.given(args))
    data, source = domains.load_inputs(args.inputs, on), load_source(args, on)
    runs = Run.each(args)
    caches = cli.shares(args.logits, len(runs), "--logits")
    teachers = cli.shares(args.teacher, len(runs), "--teacher")
    outputs = artefacts.Artefacts.each(args)
    for run, files, of, to in zip(runs, caches, teachers, outputs, strict=True):
        distilled = distil(args, data, source, run, files, of)
        artefacts.write(to, *distilled, on)
    training.finish(runs)


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
