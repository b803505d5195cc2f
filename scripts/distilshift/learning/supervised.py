"""Supervised training: what a teacher and a yardstick student have in common."""

import argparse
import time
from pathlib import Path

from distilshift import device
from distilshift.data import domains
from distilshift.learning import artefacts, models, training
from distilshift.seeds import seed_from

import torch.nn.functional as F


def add_arguments(parser: argparse.ArgumentParser, model: str) -> None:
    parser.add_argument("--inputs", type=Path, required=True, help="training inputs")
    parser.add_argument("--labels", type=Path, required=True, help="their labels")
    parser.add_argument("--model", default=model, help="e.g. cnn-16, mlp-256-128, resnet18")
    training.add_arguments(parser)
    device.add_arguments(parser)
    artefacts.add_arguments(parser)


def train(args: argparse.Namespace, role: str, convolved: float = 0.0) -> None:
    """Train ``args.model`` on inputs and labels and write weights, history and record.

    Args:
        role: teacher or student.
        convolved: probability that an image passes a random convolution.
    """
    on = device.choose(args)
    data = domains.load_inputs(args.inputs, on)
    labels = domains.load_labels(args.labels, data, on)
    model = models.build(args.model, **data.input, seed=seed_from(role, args.model, args.seed))
    model = model.to(on)
    views = training.Views(data.inputs, args, role, args.seed, convolved=convolved)

    def loss_fn(step):
        rows = views.indices(step)
        logits = model(views.view(rows, step))
        fit = (logits.argmax(1) == labels[rows]).float().mean()
        return F.cross_entropy(logits, labels[rows]), {"fit": fit}

    header = {
        "role": role,
        "method": "supervised",
        "model": args.model,
        "domain": data.header["domain"],
        "classes": data.classes,
        "channels": data.header["channels"],
        "size": data.header["size"],
        "seed": args.seed,
        "inputs_sha256": data.header["sha256"],
        "settings": {**training.settings(args), "random_convolution": convolved},
    }
    begun = time.perf_counter()
    history = training.fit(model, loss_fn, args, views.per_epoch, header)
    artefacts.write(args, model, header, history, on, time.perf_counter() - begun)
