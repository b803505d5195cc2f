"""What every peer is given of a transfer: rows, views, labels of the source, networks, steps, seed;
as the steps of its experiment have them.

Labels of the target are read by ``accuracy`` alone, after everything is trained.
"""

import dataclasses
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from distilshift import networks
from distilshift.data import domains
from distilshift.image.settings import View
from distilshift.learning import training
from distilshift.seeds import seed_from

import torch
from torch import Tensor


class Batch(NamedTuple):
    """What an adaptation sees in a step: views (n, C, H, W), and labels (n,) of the source."""

    source: Tensor
    labels: Tensor
    target: Tensor


def flags(group: dict) -> list[str]:
    """A group of settings as the steps' command lines take them."""
    made = []
    for name, value in group.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, dict):
            made += [part for key, one in value.items() for part in (flag, f"{key}={one}")]
        elif isinstance(value, bool):
            made += [flag] * value
        else:
            made += [flag, str(value)]
    return made


@dataclasses.dataclass(frozen=True)
class Task:
    """One transfer and seed of a finished experiment.

    Args:
        results: the folder of the experiment, of which domains and teachers are read.
        config: the experiment's.
        source, target: names of domains.
        network: name of the pair of teacher and student.
    """

    results: Path
    config: dict
    source: str
    target: str
    seed: int
    network: str = "cnn"

    def path(self, domain: str, name: str) -> Path:
        return self.results / "domains" / domain / f"{name}.safetensors"

    @property
    def teacher(self) -> Path:
        """The source teacher, from which every adaptation starts."""
        folder = self.results / "teachers" / self.source / self.network / f"seed{self.seed}"
        return folder / "weights.safetensors"

    def adapted(self, adaptation: str) -> Path:
        """The teacher that the experiment has adapted."""
        pair = self.results / "transfers" / f"{self.source}-to-{self.target}" / self.network
        return pair / f"seed{self.seed}" / adaptation / "teacher" / "weights.safetensors"

    @cached_property
    def inputs(self) -> dict[str, domains.Inputs]:
        """Training rows by domain."""
        ends = (self.source, self.target)
        return {name: domains.load_inputs(self.path(name, "train_inputs")) for name in ends}

    def how(self, role: str) -> dict:
        return self.config["training"][role]

    def views(self, domain: str, role: str, *stream: object) -> training.Views:
        how = self.how(role)
        ranges = View(**how["augmentation"])
        return training.Views(self.inputs[domain], how["batch"], ranges, *stream, self.seed)

    def batches(self) -> Iterator[Batch]:
        """The batches of ``adapt_teacher``, step by step."""
        labels = domains.load_labels(
            self.path(self.source, "train_labels"), self.inputs[self.source]
        )
        source = self.views(self.source, "adaptation", "adaptation source")
        target = self.views(self.target, "adaptation", "adaptation target")
        for step in range(self.how("adaptation")["steps"]):
            rows = source.indices(step)
            seen = target.view(target.indices(step), step)
            yield Batch(source.view(rows, step), labels[rows], seen)

    def student_batches(self) -> Iterator[Tensor]:
        """The views of the target that ``distill_student`` shows its student, step by step."""
        views = self.views(self.target, "student", "student")
        for step in range(self.how("student")["steps"]):
            yield views.view(views.indices(step), step)

    def teacher_network(self) -> networks.Network:
        """The source teacher, ready to be trained on."""
        model, _ = networks.load_weights(self.teacher, "train_teacher")
        if self.how("adaptation").get("channels_last"):
            model.to(memory_format=torch.channels_last)
        return model.train()

    def student_network(self) -> networks.Network:
        """A student with the first weights that the experiment gives it."""
        name = self.config["networks"][self.network]["student"]
        first = seed_from("student", name, self.seed)
        return networks.build(name, **self.inputs[self.target].needs, seed=first).train()

    @torch.no_grad()
    def accuracy(self, model: torch.nn.Module) -> float:
        """Of the target's test half; the only reader of labels of the target."""
        data = domains.load_inputs(self.path(self.target, "test_inputs"))
        labels = domains.load_labels(self.path(self.target, "test_labels"), data)
        said = model.eval()(data.plain(torch.arange(len(data.ids)))).argmax(1)
        return (said == labels).float().mean().item()
