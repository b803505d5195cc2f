"""Distil a student from cached logits and unlabelled target images.

The cache must be that of the given teacher over the given images; a cache of other
weights, images, classes or preprocessing is refused, by field.

    python scripts/distill_student.py --images train_images.safetensors \\
        --logits logits.parquet --teacher adapted.safetensors --model cnn-4 \\
        --weights weights.safetensors --history history.parquet --record record.json
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from distilshift import (
    artefacts,
    augmentation,
    cli,
    device,
    domains,
    logits,
    losses,
    models,
    tensors,
    training,
)
from distilshift.errors import InputError
from distilshift.seeds import seed_from


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--images", type=Path, required=True, help="unlabelled target images")
    made.add_argument("--logits", type=Path, nargs="+", required=True, help="cache, or its shards")
    made.add_argument("--teacher", type=Path, required=True, help="weights the cache must be of")
    made.add_argument("--model", default="cnn-4", help="the student's network")
    made.add_argument("--method", default="kd", help="the method's name in tables")
    made.add_argument("--loss", choices=sorted(losses.DISTILLATION), default="kd")
    made.add_argument("--temperature", type=cli.positive_float, default=2.0)
    training.add_arguments(made)
    device.add_arguments(made)
    artefacts.add_arguments(made)
    return made


def load_cache(args: argparse.Namespace, data: domains.Images) -> tuple[Tensor, logits.Cache]:
    """The row of each cached sample among the images, (N,), and the cache."""
    expect = {
        "teacher_sha256": tensors.read_header(args.teacher, "weights", "adapt_teacher")["sha256"],
        "images_sha256": data.header["sha256"],
        "classes": data.classes,
        "preprocessing": augmentation.PREPROCESSING,
        "mode": "eval",
    }
    cache = logits.read(args.logits, expect)
    ids = data.ids.numpy()
    order = np.argsort(ids, kind="stable")
    at = np.searchsorted(ids, cache.ids, sorter=order).clip(max=len(ids) - 1)
    rows = order[at]
    strange = ids[rows] != cache.ids
    if strange.any():
        problem = f"sample_id {cache.ids[strange.argmax()]} is not among the images"
        raise InputError(args.logits[0], problem, "check the flags")
    return torch.from_numpy(rows), cache


def teacher_of(cache: logits.Cache, on: torch.device) -> Callable[[Tensor], Tensor]:
    """Maps numbers of cached rows (n,) to their logits (n, C) float32 on the device.

    A cache that fits is kept there; of a larger one each batch is read from the disk.
    """
    if isinstance(cache.logits, np.ndarray):
        values = torch.from_numpy(cache.logits).to(on)
        return lambda rows: values[rows].float()
    return lambda rows: torch.from_numpy(cache.logits[rows.cpu().numpy()]).to(on).float()


def main(args: argparse.Namespace) -> None:
    on = device.choose(args)
    data = domains.load_images(args.images)
    rows, cache = load_cache(args, data)
    images = domains.place(data.images, on, rows)
    teacher_logits = teacher_of(cache, on)
    # first weights, batches and views are those of the yardsticks of the same seed
    model = models.build(args.model, **data.input, seed=seed_from("student", args.model, args.seed))
    model = model.to(on)
    views = training.Views(images, args, "student", args.seed)
    loss = losses.DISTILLATION[args.loss]

    def loss_fn(step):
        batch = views.indices(step)
        teacher = teacher_logits(batch)
        student = model(views.view(batch, step))
        fit = (student.argmax(1) == teacher.argmax(1)).float().mean()
        return loss(student, teacher, args.temperature), {"fit": fit}

    header = {
        "role": "student",
        "method": args.method,
        "model": args.model,
        "classes": data.classes,
        "channels": data.header["channels"],
        "size": data.header["size"],
        "seed": args.seed,
        "loss": args.loss,
        "temperature": args.temperature,
        "settings": training.settings(args),
        **{key: cache.provenance[key] for key in PROVENANCE},
    }
    begun = time.perf_counter()
    history = training.fit(model, loss_fn, args, views.per_epoch, header)
    artefacts.write(args, model, header, history, on, time.perf_counter() - begun)


PROVENANCE = (
    "source",
    "target",
    "teacher",
    "teacher_sha256",
    "adaptation",
    "round",
    "images_sha256",
)

if __name__ == "__main__":
    cli.run(main, parser())
