"""The one training loop: a fixed number of steps, resumable, the same for every row.

Random draws are a function of (seed, step), never of what was drawn before, so a run
that is killed and resumed ends in the same bytes as one that was not.
"""

import contextlib
import hashlib
import json
import math
import os
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from distilshift import cli
from distilshift.data.domains import Inputs
from distilshift.errors import InputError
from distilshift.files import tensors
from distilshift.learning import optimisation
from distilshift.learning.settings import Run, Training
from distilshift.seeds import generator, seed_from
from distilshift.settings import Settings

import torch
from torch import Tensor, nn

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Views:
    """Batches of a set of rows as a network sees them.

    Which rows a batch holds is a function of (seed, step); how a row is seen is one of
    (seed, epoch, place of the row in the set), so that a cache can hold its views.

    Args:
        data: N rows on any device; batches come on that device.
        batch: rows a step; a smaller set is one batch.
        ranges: what views are drawn from, a ``View`` of the kind of data.
        seed: names the random stream; equal seeds give equal batches and views.
        source: what is done to labelled source rows besides, a ``Source`` of the kind,
            drawn for each batch anew; such views are not for a cache, which could not tell
            them.
        others: ranges of views that have their own, by the names of these views.

    Raises:
        InputError: the rows are features that are kept, and these would be other views.
    """

    def __init__(
        self,
        data: Inputs,
        batch: int,
        ranges: Settings,
        *seed: object,
        source: Settings | None = None,
        others: dict[str, Settings] | None = None,
    ):
        self.others = others or {}
        groups = [ranges, *self.others.values(), *([source] if source else [])]
        changed = {name: 0 for of in groups for name, value in of.facts().items() if value}
        if data.features and changed:
            problem = "a frozen part's features are kept of plain rows, which no view changes"
            others = " ".join(f"{name}=0" for name in changed)
            raise InputError("--augmentation", problem, f"set {others}")
        self.data, self.ranges, self.seed, self.source = data, ranges, seed, source
        self.device, self.count = data.device, len(data.ids)
        self.batch = min(batch, self.count)
        self.per_epoch = self.count // self.batch
        self._epoch, self._order = -1, torch.empty(0)
        self._drawn: dict[str, tuple[int, Tensor]] = {}  # name -> epoch, its parameters

    def indices(self, step: int) -> Tensor:
        """Which rows step ``step`` uses: (batch,) int64; no row twice an epoch."""
        epoch, at = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            order = torch.randperm(self.count, generator=generator(*self.seed, "order", epoch))
            self._epoch, self._order = epoch, order
        return self._order[at * self.batch : (at + 1) * self.batch].to(self.device)

    def parameters(self, epoch: int, name: str = "view") -> Tensor:
        """How every row is seen in that epoch: (N, P), as the kind of data defines them."""
        if self._drawn.get(name, (-1,))[0] != epoch:
            stream = (*self.seed, name, epoch)
            ranges = self.others.get(name, self.ranges)
            drawn = self.data.kind.views.draw(self.count, ranges, *stream)
            self._drawn[name] = epoch, drawn.to(self.device)
        return self._drawn[name][1]

    def view(self, indices: Tensor, step: int, name: str = "view", strength: float = 1.0) -> Tensor:
        """Those rows, preprocessed and augmented: (batch, ...).

        Args:
            name: tells apart several views of one epoch.
            strength: multiplies every range of the augmentation.
        """
        kind, parameters = self.data.kind, self.parameters(step // self.per_epoch, name)[indices]
        seen = self.data.see(indices, kind.views.strengthen(parameters, strength))
        if self.source is None:
            return seen
        return kind.views.disturb(seen, self.source, *self.seed, "convolution", name, step)


LossFn = Callable[[int], tuple[Tensor, dict[str, Tensor]]]


def fit(
    module: nn.Module, loss_fn: LossFn, how: Training, run: Run, per_epoch: int, identity: dict
) -> list[dict]:
    """Minimise ``loss_fn`` as ``how`` says; return the history.

    Args:
        module: everything that is trained; left in training mode.
        loss_fn: maps the step, a batch, to (loss, measurements), all scalar tensors.
        how: steps, learning rate and how it is computed.
        run: where its state is kept.
        per_epoch: steps in one line of the history.
        identity: what makes this run this run; a saved state of another is not resumed.

    Returns:
        One dict an epoch: epoch, step, lr (of the head), and the means of loss and measurements.

    Raises:
        InputError: the loss is no longer a finite number; names the step and the setting. Or
            nothing is trained.
    """
    module.train()
    optimisation.freeze(module, how.freeze)
    optimisation.follow(module, how.steps)
    optimizer = optimisation.optimizer(module, how)
    on = optimizer.param_groups[0]["params"][0].device
    gradient = optimisation.Gradient(optimizer, how, on)
    schedule = optimisation.schedule(optimizer, how, gradient.steps)
    identity = {**identity, "training": how.facts(), "code": _code_sha256()}
    history: list[dict] = []
    sums: dict[str, Tensor] = {}
    losses: list[Tensor] = []  # of this epoch; looked at once, so as not to wait for a GPU
    start = 0
    if how.channels_last:  # before the state: it must come back in the same layout
        module.to(memory_format=torch.channels_last)
    average = optimisation.Average(module, how.ema) if how.ema else None
    kept = _Kept(module, optimizer, gradient, average)
    if run.state and run.state.exists():
        start, history, sums = _resume(run.state, kept, schedule, identity)
    compute = _compute(module, how)
    stop = _Stop()
    saved, shown = time.monotonic(), -1
    begun, first = time.monotonic(), start
    for step in range(start, how.steps):
        lr = optimizer.param_groups[-1]["lr"]
        _seed_dropout(seed_from("step", identity.get("seed"), step), on)
        with compute():
            loss, measured = loss_fn(step)
        if gradient.take(loss, step):
            schedule.step()
            if average:
                average.update(module, step // how.accumulate)
        for name, value in {"loss": loss, **measured}.items():
            sums[name] = sums.get(name, 0) + value.detach()
        losses.append(loss.detach())
        done = step + 1
        if done % per_epoch == 0 or done == how.steps:
            count = (done - 1) % per_epoch + 1
            # in one order, whatever that of the sums is after a resume
            means = {name: (sums[name] / count).item() for name in sorted(sums)}
            _check_finite(losses, done, how)
            losses = []
            history.append({"epoch": len(history) + 1, "step": done, "lr": lr, **means})
            sums = {}
            if done * 10 // how.steps > shown:
                shown = done * 10 // how.steps
                pace = 1000 * (time.monotonic() - begun) / (done - first)
                text = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
                cli.log.info("step %d/%d  %s  %.1f ms/step", done, how.steps, text, pace)
        due = stop.asked or time.monotonic() - saved > run.save_seconds
        if not gradient.is_whole(done):
            continue  # a gradient that waits for other batches is in no state
        # also a run that is done: in a job of several another would begin
        last = done == how.steps and not stop.asked
        if run.state and due and not last:
            _save(run.state, kept, identity, done, history, sums)
            saved = time.monotonic()
        if stop.asked and (run.state or done < how.steps):
            told = "state kept" if run.state else "no --state given, nothing kept"
            cli.log.info("stopped by a signal after step %d; %s", done, told)
            sys.exit(128 + stop.asked)
    if run.state and time.monotonic() - saved > run.save_seconds:
        # done, but a job of several runs may be killed in a later one
        _save(run.state, kept, identity, how.steps, history, sums)
    stop.restore()
    if average:
        average.put(module)
    # in one order, whether a row comes from this process or from a saved state
    first = ("epoch", "step", "lr")
    names = [*first, *sorted(history[-1].keys() - set(first))]
    return [{name: row[name] for name in names} for row in history]


def fingerprint(*learned: Tensor | dict | str | None) -> str:
    """sha256 of what a run learns from beside its inputs: a state of other labels is another's."""
    digest = hashlib.sha256()
    for one in learned:
        if isinstance(one, Tensor):
            digest.update(one.cpu().numpy().tobytes())
        else:
            digest.update(json.dumps(one, sort_keys=True).encode())
    return digest.hexdigest()


def finish(runs: list[Run]) -> None:
    """Forget the resume states, and what kills left of them, once all outputs are in place."""
    for state in (run.state for run in runs if run.state):
        state.unlink(missing_ok=True)
        for pattern in (f".{state.name}.*.part", f"{state.name}.*"):  # and of its trials
            for part in state.parent.glob(pattern):
                part.unlink(missing_ok=True)


def _compute(module: nn.Module, how: Training) -> Callable:
    """What each loss is computed under; compiles the module first, if that is asked for."""
    if how.compile:
        compilers = [os.environ.get("CXX") or "c++", "g++", "clang++"]
        if not any(map(shutil.which, compilers)):
            raise InputError("--compile", "no C++ compiler here", "set compile: false")
        # bodies: some losses ask a network for its features, past its own call; in place, so that
        # the names of weights stay
        for network in optimisation.networks_of(module):
            network.body.compile()
    precision = PRECISIONS[how.precision]
    if precision is None:
        return contextlib.nullcontext
    kind = next(module.parameters()).device.type
    return lambda: torch.autocast(kind, precision)


def _seed_dropout(seed: int, on: torch.device) -> None:
    """``torch.manual_seed`` where it is needed; it reads the call stack: 0.7 ms a step."""
    torch.default_generator.manual_seed(seed)
    if on.type == "cuda":
        torch.cuda.manual_seed(seed)


def _code_sha256() -> str:
    """Of every module in use: a state that other code has saved must not be gone on with."""
    digest = hashlib.sha256(torch.__version__.encode())
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] == "distilshift":
            digest.update(Path(module.__file__).read_bytes())
    return digest.hexdigest()


class _Stop:
    """Turns SIGTERM (time limit, preemption, scancel) into a flag read between steps."""

    def __init__(self) -> None:
        self.asked = 0
        self._before = signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: object) -> None:
        self.asked = number

    def restore(self) -> None:
        signal.signal(signal.SIGTERM, self._before)


def _check_finite(losses: list[Tensor], done: int, how: Training) -> None:
    values = torch.stack(losses).tolist()
    for step, value in enumerate(values, done - len(values) + 1):
        if not math.isfinite(value):
            raise InputError(
                f"step {step}",
                f"the loss is {value}: training diverged at a peak learning rate of {how.lr}",
                "lower lr in the config's training section",
            )


class _Kept(NamedTuple):
    """What a state is of, beside the history."""

    module: nn.Module
    optimizer: torch.optim.Optimizer
    gradient: optimisation.Gradient
    average: optimisation.Average | None


def _save(path, kept: _Kept, identity, step, history, sums) -> None:
    content = {f"module.{name}": value for name, value in kept.module.state_dict().items()}
    for index, state in kept.optimizer.state_dict()["state"].items():
        found = {name: value for name, value in state.items() if value is not None}
        content |= {f"optimizer.{index}.{name}": value for name, value in found.items()}
    content |= {f"sums.{name}": value for name, value in sums.items()}
    if kept.average:
        content |= {f"average.{name}": v for name, v in kept.average.state_dict().items()}
    header = {"identity": identity, "step": step, "history": history}
    if kept.gradient.scaler:
        header["scaler"] = kept.gradient.scaler.state_dict()
    tensors.save(path, "state", content, header)


def _resume(path, kept: _Kept, schedule, identity):
    """Put a saved state back; a damaged or foreign one is thrown away with a warning."""
    try:
        content, header = tensors.load(path, "state", "train_teacher")
        identity_there = header["identity"]
    except (InputError, ValueError, KeyError, TypeError) as error:
        problem = getattr(error, "problem", error)
        cli.log.warning("ignoring the saved state %s, starting over: %s", path, problem)
        return 0, [], {}
    if identity_there != json.loads(json.dumps(identity)):
        cli.log.warning("ignoring the saved state %s: it is of another run; starting over", path)
        return 0, [], {}
    parts: dict[str, dict] = {"module": {}, "optimizer": {}, "sums": {}, "average": {}}
    for name, value in content.items():
        part, rest = name.split(".", 1)
        parts[part][rest] = value.clone()  # off the memory map: the file is soon replaced
    module, optimizer = kept.module, kept.optimizer
    module.load_state_dict(parts["module"])
    if kept.average:
        kept.average.load_state_dict(parts["average"])
    if kept.gradient.scaler:
        kept.gradient.scaler.load_state_dict(header["scaler"])
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    states: dict[int, dict] = {}
    for name, value in parts["optimizer"].items():
        index, key = name.split(".", 1)
        parameter = trained[int(index)]
        if value.shape == parameter.shape:  # the fused step needs the parameter's layout
            value = torch.empty_like(parameter).copy_(value)
        states.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
    schedule.last_epoch = -(-header["step"] // kept.gradient.how.accumulate) - 1
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step")
        schedule.step()  # sets the rate and the momentum that belong to this step
    device = next(module.parameters()).device
    sums = {name: value.to(device) for name, value in parts["sums"].items()}
    cli.log.info("resumed after step %d", header["step"])
    return header["step"], header["history"], sums


def settings(how: Training, ranges: Settings, source: Settings | None = None) -> dict:
    """What makes a row comparable with another, for the weights' header."""
    more = {"source_augmentation": source.facts()} if source else {}
    return {**how.comparable(), "augmentation": ranges.facts(), **more}
