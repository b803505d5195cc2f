"""Distil a student from cached logits and unlabelled target images.

The cache must be that of the given teacher over the given images; a cache of other
weights, images, classes, preprocessing or views is refused, by field.

    python scripts/distill_student.py --images train_images.safetensors \\
        --logits logits.parquet --teacher adapted.safetensors --model cnn-4 \\
        --weights weights.safetensors --history history.parquet --record record.json
"""

import argparse
import time
from pathlib import Path

from distilshift import (
    artefacts,
    augmentation,
    cli,
    device,
    distillation,
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
    made.add_argument(
        "--views",
        choices=sorted(distillation.VIEWS),
        default="fixed",
        help="what the labels belong to: the plain image, the cached view that the student"
        " sees, or any view, labelled by the teacher itself",
    )
    training.add_arguments(made)
    device.add_arguments(made)
    artefacts.add_arguments(made)
    return made


def load_labels(args: argparse.Namespace, data: domains.Images) -> logits.Cache:
    """The cache, in the order of the images.

    Raises:
        InputError: it is not of this teacher, these images, this student's views.
    """
    expect = {
        "teacher_sha256": tensors.read_header(args.teacher, "weights", "adapt_teacher")["sha256"],
        "images_sha256": data.header["sha256"],
        "classes": data.classes,
        "preprocessing": augmentation.PREPROCESSING,
        "mode": "eval",
    }
    if args.views == "replayed":
        views = logits.read_provenance(args.logits[0]).get("views", 0)
        if views == 0:
            problem = "holds no views to replay"
            raise InputError(args.logits[0], problem, "set logits.views in the config")
        expect |= logits.views_drawn(views, args)
    return logits.read(args.logits, expect, data.ids.numpy())


def main(args: argparse.Namespace) -> None:
    on = device.choose(args)
    data = domains.load_images(args.images, on)
    cache = load_labels(args, data)
    teacher = None
    if args.views == "online":
        teacher, _ = models.load_weights(args.teacher, "adapt_teacher", on)
    # first weights, batches and views are those of the yardsticks of the same seed
    model = models.build(args.model, **data.input, seed=seed_from("student", args.model, args.seed))
    model = model.to(on)
    views = training.Views(data.images, args, "student", args.seed)
    see = distillation.VIEWS[args.views](views, distillation.Labels(cache, on), teacher)
    loss = losses.DISTILLATION[args.loss]

    def loss_fn(step):
        _, images, labels = see(step)
        student = model(images)
        fit = (student.argmax(1) == labels.argmax(1)).float().mean()
        return loss(student, labels, args.temperature), {"fit": fit}

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
        "views": args.views,
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
