"""What can be said of a training, an adaptation and a distillation. No torch here."""

import dataclasses
from pathlib import Path

from distilshift.learning import adaptations, losses
from distilshift.settings import Settings, setting

PRECISIONS = ("float32", "bfloat16")
WEIGHTINGS = ("none", "confidence", "entropy")
VIEWS = ("fixed", "replayed", "online")


@dataclasses.dataclass(frozen=True)
class Training(Settings):
    """How a network is trained."""

    steps: int = setting(400, "optimiser steps", at_least=1)
    batch: int = setting(128, "rows a step", at_least=1)
    lr: float = setting(3e-3, "peak learning rate", above=0)
    weight_decay: float = setting(1e-2, "of AdamW", at_least=0)
    precision: str = setting(
        "float32",
        "bfloat16 is mixed precision: weights, logits and loss stay float32",
        choices=list(PRECISIONS),
    )
    channels_last: bool = setting(
        False, "convolve in that memory format: faster for wide networks, slower for narrow ones"
    )
    compile: bool = setting(
        False, "torch.compile the network: pays in long runs, needs a C++ compiler"
    )

    def comparable(self) -> dict:
        """What makes one row comparable with another, for the weights' header."""
        how = ("channels_last", "compile")  # the same numbers, give or take rounding
        return {name: value for name, value in self.facts().items() if name not in how}


@dataclasses.dataclass(frozen=True)
class Run(Settings):
    """One run of a training: its seed, and how it survives a kill."""

    seed: int = setting(0, "of first weights, batches and views", own=True, at_least=0)
    state: Path | None = setting(
        None, "where to keep what a killed run needs to go on; removed at the end", own=True
    )
    save_seconds: float = setting(
        60.0, "how much work a SIGKILL may cost; SIGTERM costs none", at_least=0
    )


def _budget_problem(budget: str) -> str:
    k = budget.removeprefix("top")
    known = budget in ("full", "hard") or (k != budget and k.isdecimal() and int(k) > 0)
    return "" if known else f"must be full, hard or top<k> such as top5, got {budget}"


@dataclasses.dataclass(frozen=True)
class Adaptation(Settings):
    """How a teacher is adapted."""

    kind: str = setting(about="the method", choices=sorted(adaptations.ADAPTATIONS))
    weight: float = setting(1.0, "of the target's part of the loss", at_least=0)
    pose: bool = setting(
        False, "first look for the turn, size and polarity in which the teacher knows the target"
    )


@dataclasses.dataclass(frozen=True)
class Method(Settings):
    """How a student learns from its teacher."""

    loss: str = setting("kd", "of student and teacher", choices=sorted(losses.NAMES))
    temperature: float = setting(2.0, "softens both", above=0)
    views: str = setting(
        "fixed",
        "what the labels belong to: the plain row; the cached view that the student sees; any"
        " view that it sees, labelled by the teacher itself",
        choices=sorted(VIEWS),
    )
    budget: str = setting("full", "of the teacher's probabilities", check=_budget_problem)
    confidence: float = setting(
        0.0,
        "samples whose teacher's largest probability is below it are left out",
        at_least=0,
        below=1,
    )
    weighting: str = setting("none", "of the samples", choices=list(WEIGHTINGS))
    source_weight: float = setting(
        0.0, "of the cross-entropy on the labelled source, whose files it needs", at_least=0
    )
