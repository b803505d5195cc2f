"""Distil a student from cached logits and unlabelled target inputs.

With --labels it learns from few target labels besides: a row that is marked so.
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

from distilshift import checkpoints, cli, device, networks, row_names, settings
from distilshift.data import domains, splits
from distilshift.errors import InputError
from distilshift.files import headers
from distilshift.learning import artefacts, caches, calibration, distillation, training
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
    made.add_argument("--labels", type=Path, help="of the target, of which few are learned from")
    text = "of each class so many, drawn by the seed"
    made.add_argument("--labels-a-class", type=cli.positive_int, help=text)
    settings.add_arguments(made, Training, "training")
    settings.add_augmentation(made)
    settings.add_arguments(made, Run, "run", several=True)
    settings.add_arguments(made, device.Device, "device")
    settings.add_arguments(made, artefacts.Artefacts, "outputs", several=True)
    return made


def load_source(args: argparse.Namespace, on: torch.device) -> tuple | None:
    """The labelled source and its labels, where it joins in."""
    if args.source_weight == 0:
        return None
    if not (args.source_inputs and args.source_labels):
        raise InputError("--source-weight", "needs --source-inputs and --source-labels")
    data = domains.load_inputs(args.source_inputs, on)
    return data, domains.load_labels(args.source_labels, data, on)


def load_few(args: argparse.Namespace, data: domains.Inputs) -> torch.Tensor | None:
    """The target's labels, where few of them are learned from."""
    if args.labels is None and args.labels_a_class is None:
        return None
    if not (args.labels and args.labels_a_class):
        raise InputError("--labels", "needs --labels-a-class, and that needs it", "give both")
    return domains.load_labels(args.labels, data, data.device)


def labeller(
    path: Path, data: domains.Inputs, labels: distillation.Labels
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Gives the logits (n, C) that a student is calibrated by, of rows (n,).

    The cache's; of a later round, whose cache mixes what was said before, those that the
    student of the round before, calibrated, gives now.
    """
    if caches.is_own(path):
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
    truth: torch.Tensor | None,
    run: Run,
    files: list[Path],
    of: list[Path],
) -> tuple[networks.Network, dict, list[dict], float]:
    """One student of the cache in those files, of those teachers; header, history, seconds."""
    how, method, on = Training.given(args), Method.given(args), data.device
    how.check_steps()
    ranges = data.kind.settings.View.parsed(args.augmentation, "--augmentation")
    views = training.Views(data, how.batch, ranges, "student", run.seed)
    cache = caches.load(files, of, method, views, run.seed)
    teacher = None
    if method.views == "online":
        if len(of) > 1 or caches.is_own(of[0]):
            raise InputError("--views online", "needs one teacher, and its weights")
        teacher, _ = networks.load_weights(of[0], "adapt_teacher", on)
    # first weights, batches and views are those of the yardsticks of the same seed
    first = seed_from("student", args.model, run.seed)
    model = checkpoints.begin(args.model, data.needs, first, checkpoints.Start.given(args)).to(on)
    labels = distillation.Labels(cache, on)
    see = distillation.VIEWS[method.views](views, labels, teacher)
    task = distillation.Task(model, views, labels, see, method, how.steps, run.seed)
    task.smoothing = how.label_smoothing
    if source:
        known = {**data.known, "domain": cache.provenance["source"]}
        networks.check_same(args.source_inputs, source[0].header, known, tuple(known))
        stream = ("student source", run.seed)
        seen = training.Views(source[0], how.batch, ranges, *stream)
        task.labelled["source"] = distillation.Labelled(seen, source[1], method.source_weight)
    if truth is not None:
        rows = splits.few_of(truth, args.labels_a_class, run.seed)
        stream = ("student labels", run.seed)
        seen = training.Views(data.some(rows), how.batch, ranges, *stream)
        task.labelled["labels"] = distillation.Labelled(seen, truth[rows.to(on)])
    loss_fn = distillation.loss_fn(method.loss, task)
    few = {} if truth is None else {"labels_a_class": args.labels_a_class}
    header = {
        "role": "student",
        "method": row_names.with_labels(args.method, args.labels_a_class),
        "model": args.model,
        **data.known,
        "seed": run.seed,
        **few,
        **model.origin,
        "distilled_by": method.facts(),
        "settings": training.settings(how, ranges),
        **{key: cache.provenance[key] for key in PROVENANCE},
    }
    begun = time.perf_counter()
    trained = nn.ModuleDict({"model": model, "extra": task.extra})
    learned = (source[0].header["sha256"], source[1]) if source else ()
    learned = training.fingerprint(cache.provenance, truth, *learned)
    identity = {**header, "learned": learned}
    history = training.fit(trained, loss_fn, how, run, views.per_epoch, identity)
    if said := distillation.collapse(history):
        cli.log.warning("%s seed %d: %s", header["method"], run.seed, said)
    model = distillation.finished(method.loss, task, how.freeze)
    seconds = time.perf_counter() - begun
    given = labeller(of[0], data, labels)
    header["calibration"] = calibration.calibrate(
        model, data.plain, lambda rows: task.shown(given(rows)), len(data.ids)
    )
    return model, header, history, seconds


def main(args: argparse.Namespace) -> None:
    on = device.choose(device.Device.given(args))
    data, source = domains.load_inputs(args.inputs, on), load_source(args, on)
    truth = load_few(args, data)
    runs = Run.each(args)
    caches = cli.shares(args.logits, len(runs), "--logits")
    teachers = cli.shares(args.teacher, len(runs), "--teacher")
    outputs = artefacts.Artefacts.each(args)
    for run, files, of, to in zip(runs, caches, teachers, outputs, strict=True):
        distilled = distil(args, data, source, truth, run, files, of)
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
