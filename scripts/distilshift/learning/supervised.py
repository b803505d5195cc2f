"""Supervised training: what a teacher and a yardstick student have in common."""

import time

from distilshift import checkpoints, networks
from distilshift.data import splits
from distilshift.data.domains import Inputs
from distilshift.learning import training
from distilshift.learning.settings import Run, Training
from distilshift.seeds import seed_from
from distilshift.settings import Settings

import torch.nn.functional as F
from torch import Tensor


def train(
    data: Inputs,
    labels: Tensor,
    model: str,
    role: str,
    how: Training,
    run: Run,
    ranges: Settings,
    source: Settings | None = None,
    start: checkpoints.Start | None = None,
    a_class: int | None = None,
) -> tuple[networks.Network, dict, list[dict], float]:
    """A network trained on rows and their labels, its header, the history, and the seconds.

    Args:
        data: the rows, on the device to train on.
        labels: their classes (N,).
        model: the network's name.
        role: teacher or student.
        ranges: what views are drawn from, a ``View`` of the kind of data.
        source: what is done to source rows besides, a ``Source`` of the kind.
        start: the checkpoint that the first weights come from, if one is given.
        a_class: of each class so many rows alone, drawn by the run's seed; all, if None.
    """
    if role == "student":
        how.check_steps()
    first = seed_from(role, model, run.seed)
    network = checkpoints.begin(model, data.needs, first, start).to(data.device)
    few = {}
    if a_class is not None:
        rows = splits.few_of(labels, a_class, run.seed)
        data, labels = data.some(rows), labels[rows.to(labels.device)]
        few = {"labels_a_class": a_class}
    data = networks.as_read(network, data)
    views = training.Views(data, how.batch, ranges, role, run.seed, source=source)
    how = how.counted(views.per_epoch)

    def loss_fn(step):
        rows = views.indices(step)
        logits = network(views.view(rows, step))
        fit = (logits.argmax(1) == labels[rows]).float().mean()
        loss = F.cross_entropy(logits, labels[rows], label_smoothing=how.label_smoothing)
        return loss, {"fit": fit}

    header = {
        "role": role,
        "method": "supervised",
        "model": model,
        "domain": data.header["domain"],
        **data.known,
        "seed": run.seed,
        "inputs_sha256": data.header["sha256"],
        **few,
        **network.origin,
        "settings": training.settings(how, ranges, source),
    }
    begun = time.perf_counter()
    identity = {**header, "learned": training.fingerprint(labels)}
    history = training.fit(network, loss_fn, how, run, views.per_epoch, identity)
    return network, header, history, time.perf_counter() - begun
