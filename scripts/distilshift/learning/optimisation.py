"""What a gradient does to a network: groups of weights, optimisers, schedules, an average.

By default AdamW with one cycle over all weights alike; ``settings.Training`` says what else.
"""

import inspect
import math
from collections.abc import Callable

from distilshift.errors import InputError
from distilshift.learning.settings import Training
from distilshift.networks import Network

import torch
from torch import Tensor, nn

LRScheduler = torch.optim.lr_scheduler.LRScheduler


def _plain(optimizer: type[torch.optim.Optimizer]) -> type[torch.optim.Optimizer]:
    """An optimiser of torch's, without the decorators that import torch's compiler.

    They import it only to be left out of compilation, which costs 1.2 CPU-seconds a
    process: a quarter of the default experiment's shorter jobs.
    """
    names = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    bare = {name: inspect.unwrap(getattr(optimizer, name)) for name in names}
    bare["step"] = torch.no_grad()(inspect.unwrap(optimizer.step))
    return type(optimizer.__name__, (optimizer,), bare)


AdamW, SGD = _plain(torch.optim.AdamW), _plain(torch.optim.SGD)


def networks_of(module: nn.Module) -> list[Network]:
    """The networks among what is trained."""
    return [part for part in module.modules() if isinstance(part, Network)]


def freeze(module: nn.Module, what: str) -> None:
    """Keep a part of every network as it is: neither trained nor, being in evaluation mode,
    its BatchNorm statistics. Called when the module is in training mode.

    Args:
        what: "none", "batchnorm" or "body".
    """
    for network in networks_of(module):
        parts = {
            "none": [],
            "batchnorm": [
                part
                for part in network.modules()
                if isinstance(part, nn.modules.batchnorm._BatchNorm)
            ],
            "body": [network.body],
        }[what]
        for part in parts:
            part.requires_grad_(False).eval()


def follow(module: nn.Module, steps: int) -> None:
    """Let BatchNorm's running statistics keep up with a short training.

    Networks that are made for long ones (MobileNetV3, EfficientNet: momentum 0.01) average over
    hundreds of steps. After a few hundred these statistics are those of a network that is gone,
    and evaluation is at chance. Momentum becomes at least 10 / ``steps``, at most 0.1.
    """
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.momentum is not None:
            part.momentum = max(part.momentum, min(0.1, 10 / steps))


def groups(module: nn.Module, how: Training) -> list[dict]:
    """The trained weights and their peak learning rates: the bodies', then the rest's.

    One group where both learn alike. CDAN and SHOT, among others, let a pretrained body learn
    at a tenth of the rate of a new head.

    Raises:
        InputError: nothing is trained.
    """
    trained = [p for p in module.parameters() if p.requires_grad]
    if not trained:
        raise InputError("--freeze", f"{how.freeze} leaves nothing to train", "freeze less")
    if how.body_lr == 1:
        return [{"params": trained, "lr": how.lr}]
    bodies = {id(p) for network in networks_of(module) for p in network.body.parameters()}
    parts = {how.lr * how.body_lr: [], how.lr: []}
    for parameter in trained:
        parts[how.lr * how.body_lr if id(parameter) in bodies else how.lr].append(parameter)
    return [{"params": params, "lr": lr} for lr, params in parts.items() if params]


def optimizer(module: nn.Module, how: Training) -> torch.optim.Optimizer:
    """The optimiser of all that is trained in a module."""
    given = {"lr": how.lr, "weight_decay": how.weight_decay, "fused": True}
    if how.optimizer == "adamw":
        return AdamW(groups(module, how), **given)
    return SGD(groups(module, how), momentum=how.momentum, nesterov=how.nesterov, **given)


def factor(how: Training, steps: int) -> Callable[[int], float]:
    """The share of its peak that the learning rate has at an optimiser step of ``steps``.

    Over p, from 0 to 1 after a warm-up that climbs in a line to the peak: ``inverse`` is
    (1 + a p)^-b, by default (1 + 10 p)^-0.75 (Ganin et al., arXiv:1505.07818, section 5.2.2,
    which SHOT takes too),
    ``cosine`` (1 + cos pi p) / 2 (Loshchilov, Hutter, arXiv:1608.03983, equation 5).
    """
    warm = round(how.warm_up * steps)
    shape = {
        "constant": lambda p: 1.0,
        "cosine": lambda p: (1 + math.cos(math.pi * p)) / 2,
        "inverse": lambda p: (1 + how.decay_scale * p) ** -how.decay_power,
    }[how.schedule]
    return lambda at: (at + 1) / warm if at < warm else shape((at - warm) / max(1, steps - warm))


def schedule(optimizer: torch.optim.Optimizer, how: Training, steps: int) -> LRScheduler:
    """The learning rate of each optimiser step of ``steps``, for every group from its own peak.

    One cycle moves AdamW's first beta against the rate; the momentum of sgd stays as given.
    """
    if how.schedule != "one-cycle":
        return torch.optim.lr_scheduler.LambdaLR(optimizer, factor(how, steps))
    peaks = [group["lr"] for group in optimizer.param_groups]
    cycle = torch.optim.lr_scheduler.OneCycleLR
    return cycle(optimizer, peaks, total_steps=steps, cycle_momentum=how.optimizer == "adamw")


class Average(nn.Module):
    """An exponential average of a module's weights and buffers, evaluated in their place.

    a becomes d a + (1 - d) w after every optimiser step, with d = min(decay, (1 + t) / (10 +
    t)) so that the first weights are soon forgotten; whole numbers are taken as they are.

    Source: Polyak, Juditsky, 1992; the warm-up of the decay is that of TensorFlow's
    ExponentialMovingAverage.
    """

    def __init__(self, module: nn.Module, decay: float):
        super().__init__()
        self.decay = decay
        self.names = list(module.state_dict())
        for number, value in enumerate(module.state_dict().values()):
            self.register_buffer(str(number), value.detach().clone())

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights after optimiser step ``step``, the first of which is 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for kept, value in zip(self.buffers(), module.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(value, 1 - decay)
            else:
                kept.copy_(value)

    def put(self, module: nn.Module) -> None:
        """Give the module the average for its weights."""
        module.load_state_dict(dict(zip(self.names, self.buffers(), strict=True)))


class Gradient:
    """From losses to optimiser steps: batches summed, scaled for float16, clipped.

    Args:
        optimizer: what steps.
        how: ``accumulate``, ``clip`` and the precision.
        on: the device that is computed on.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, how: Training, on: torch.device):
        self.optimizer, self.how = optimizer, how
        scaled = how.precision == "float16"
        self.scaler = torch.amp.GradScaler(on.type, enabled=True) if scaled else None

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run."""
        return -(-self.how.steps // self.how.accumulate)

    def is_whole(self, done: int) -> bool:
        """Whether after so many batches no gradient waits for others."""
        return done % self.how.accumulate == 0 or done == self.how.steps

    def take(self, loss: Tensor, batch: int) -> bool:
        """Add a batch's gradient; whether that has made an optimiser step."""
        each, optimizer = self.how.accumulate, self.optimizer
        if batch % each == 0:
            optimizer.zero_grad(set_to_none=True)
        if each > 1:
            first = batch - batch % each
            loss = loss / min(each, self.how.steps - first)
        (self.scaler.scale(loss) if self.scaler else loss).backward()
        if not self.is_whole(batch + 1):
            return False
        if self.scaler:
            self.scaler.unscale_(optimizer)
        if self.how.clip:
            trained = [p for group in optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(trained, self.how.clip)
        if self.scaler:
            self.scaler.step(optimizer)  # leaves the step out where a gradient is not finite
            self.scaler.update()
        else:
            optimizer.step()
        return True
