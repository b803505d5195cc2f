"""What can be said of a training, an adaptation and a distillation. No torch here."""

import dataclasses
from pathlib import Path

from distilshift.errors import InputError
from distilshift.learning import adaptations, losses
from distilshift.settings import Settings, setting

PRECISIONS = ("float32", "bfloat16", "float16")
OPTIMIZERS = ("adamw", "sgd")
SCHEDULES = ("one-cycle", "cosine", "inverse", "constant")
FROZEN = ("none", "batchnorm", "body")
WEIGHTINGS = ("none", "confidence", "entropy")
VIEWS = ("fixed", "replayed", "online")


@dataclasses.dataclass(frozen=True)
class Training(Settings):
    """How a network is trained."""

    steps: int = setting(400, "batches, each an optimiser step unless accumulated", at_least=1)
    batch: int = setting(128, "rows a step", at_least=1)
    epochs: float = setting(
        0.0,
        "passes over the rows of a teacher, which count in the place of steps; 0: steps count",
        at_least=0,
        quiet=True,
    )
    lr: float = setting(3e-3, "peak learning rate", above=0)
    weight_decay: float = setting(1e-2, "of the optimiser; AdamW's is decoupled", at_least=0)
    optimizer: str = setting("adamw", "sgd is with momentum", choices=list(OPTIMIZERS), quiet=True)
    momentum: float = setting(0.9, "of sgd", at_least=0, below=1, quiet=True)
    nesterov: bool = setting(False, "sgd looks ahead, which needs momentum", quiet=True)
    schedule: str = setting(
        "one-cycle",
        "of the learning rate, p from 0 to 1 over the run: one cycle; half a cosine to 0;"
        " (1 + 10 p)^-0.75; constant",
        choices=list(SCHEDULES),
        quiet=True,
    )
    decay_scale: float = setting(
        10.0, "a of the inverse schedule, (1 + a p)^-b", above=0, quiet=True
    )
    decay_power: float = setting(0.75, "b of the inverse schedule", above=0, quiet=True)
    warm_up: float = setting(
        0.0,
        "fraction of the run in which the rate climbs to its peak; one cycle has its own",
        at_least=0,
        below=1,
        quiet=True,
    )
    body_lr: float = setting(
        1.0, "learning rate of a network's body over that of the rest", above=0, quiet=True
    )
    clip: float = setting(
        0.0, "largest norm of a step's whole gradient; 0 leaves it", at_least=0, quiet=True
    )
    label_smoothing: float = setting(
        0.0, "of true labels: this share is spread evenly", at_least=0, below=1, quiet=True
    )
    accumulate: int = setting(
        1, "batches whose mean gradient makes an optimiser step", at_least=1, quiet=True
    )
    ema: float = setting(
        0.0,
        "decay a step of an average of the weights, which is kept in their place; 0: none",
        at_least=0,
        below=1,
        quiet=True,
    )
    freeze: str = setting(
        "none",
        "what of a network stays as it began: BatchNorm (statistics and weights), or the body",
        choices=list(FROZEN),
        quiet=True,
    )
    precision: str = setting(
        "float32",
        "bfloat16 and float16 are mixed precision: weights, logits and loss stay float32;"
        " float16's loss is scaled",
        choices=list(PRECISIONS),
    )
    channels_last: bool = setting(
        False, "convolve in that memory format: faster for wide networks, slower for narrow ones"
    )
    compile: bool = setting(
        False, "torch.compile the network: pays in long runs, needs a C++ compiler"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and (self.optimizer != "sgd" or not self.momentum):
            raise InputError("nesterov", "is for sgd with momentum", "set both, or leave it out")
        if self.warm_up and self.schedule == "one-cycle":
            raise InputError("warm_up", "one-cycle has its own", "take another schedule")
        if (self.decay_scale, self.decay_power) != (10.0, 0.75) and self.schedule != "inverse":
            raise InputError("decay_scale", "is for the inverse schedule", "take it, or leave it")

    def counted(self, per_epoch: int) -> "Training":
        """The same with as many steps as its epochs have, where it has epochs.

        Args:
            per_epoch: steps of one pass.
        """
        if not self.epochs:
            return self
        return dataclasses.replace(self, steps=max(1, round(self.epochs * per_epoch)))

    def check_steps(self) -> None:
        """Refuse epochs: students of one seed take the same steps, whatever they learn from."""
        if self.epochs:
            raise InputError("epochs", "is for teachers and their adaptation", "give steps")

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
    guard: bool = setting(
        False,
        "adapt five times, keep the surest, and the teacher as it is where they disagree; without"
        " the pose too, where one was found",
        quiet=True,
    )
    pseudo: float = setting(
        0.3, "of shot's pseudo-labels, beside the weight of the rest", at_least=0, quiet=True
    )
    neighbours: int = setting(
        0,
        "of each row, whose predictions are its pseudo-label; 0: the nearest centroid is",
        at_least=0,
        quiet=True,
    )
    temperature: float = setting(2.5, "of mcc and joint-mcc", above=0, quiet=True)
    threshold: float = setting(
        0.95, "probability from which fixmatch takes a label", at_least=0, below=1, quiet=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, kinds in adaptations.OPTIONS.items():
            if self.kind not in kinds and name in self.facts():
                raise InputError(name, f"is for {', '.join(kinds)}, not for {self.kind}")
        if self.guard and self.kind in adaptations.ALIKE:
            problem = f"tells nothing of {self.kind}, whose runs are all alike"
            raise InputError("guard", problem, "leave it out")


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

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, others in losses.NOT_OF.items():
            if self.loss in others and getattr(self, name) != getattr(Method, name):
                problem = f"plays no part in {self.loss}"
                raise InputError(name, problem, "leave it out, or take another loss")

    def check_draws(self, keep: str) -> None:
        """Refuse what is not linear in the teacher's probabilities: draws of them do not suffice.

        Raises:
            InputError: names the setting.
        """
        if self.loss not in losses.LINEAR:
            problem = f"got {self.loss}, and the cache keeps {keep}"
            raise InputError(
                "--loss", problem, f"take {' or '.join(losses.LINEAR)}, or keep top<k>"
            )
        for name, wanted in losses.OF_DRAWS.items():
            if getattr(self, name) != wanted:
                problem = f"got {getattr(self, name)}, and the cache keeps {keep}"
                raise InputError(f"--{name}", problem, f"set {wanted}, or keep top<k>")
