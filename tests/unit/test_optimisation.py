"""Schedules, groups of weights and averages against their formulas; resumed runs to the byte."""

import copy
import math
import os
import signal

from distilshift.errors import InputError
from distilshift.learning import optimisation, training
from distilshift.learning.settings import Training

import pytest
import torch
import torch.nn.functional as F
from made import build, rows_of, settings_of
from torch import nn

STEPS = 40


def rates(**how):
    """The learning rates of a run's steps: the body's, the head's."""
    how = Training(steps=STEPS, lr=0.2, body_lr=0.1, **how)
    optimizer = optimisation.optimizer(build("cnn-2", seed=0), how)
    schedule = optimisation.schedule(optimizer, how, STEPS)
    seen = []
    for _ in range(STEPS):
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return list(zip(*seen, strict=True))


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        ("constant", lambda p: 1.0),
        ("cosine", lambda p: (1 + math.cos(math.pi * p)) / 2),
        ("inverse", lambda p: (1 + 10 * p) ** -0.75),
    ],
)
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_every_rate_of_a_schedule_is_that_of_its_formula(schedule, formula, optimizer):
    body, head = rates(schedule=schedule, optimizer=optimizer)
    expected = [0.2 * formula(step / STEPS) for step in range(STEPS)]
    assert head == pytest.approx(expected, rel=1e-12)
    assert body == pytest.approx([0.1 * rate for rate in expected], rel=1e-12)


def test_a_warm_up_climbs_in_a_line_and_the_rest_begins_at_the_peak():
    _, head = rates(schedule="inverse", warm_up=0.25)
    assert head[:10] == pytest.approx([0.02 * step for step in range(1, 11)])
    assert head[10:] == pytest.approx([0.2 * (1 + 10 * at / 30) ** -0.75 for at in range(30)])


def test_one_cycle_has_its_peak_in_both_groups_and_leaves_the_momentum_of_sgd():
    body, head = rates(optimizer="sgd", momentum=0.8)
    assert max(head) == pytest.approx(0.2)
    assert max(body) == pytest.approx(0.02)
    how = Training(steps=STEPS, optimizer="sgd", momentum=0.8, nesterov=True)
    optimizer = optimisation.optimizer(build("cnn-2", seed=0), how)
    optimisation.schedule(optimizer, how, STEPS)
    assert {(g["momentum"], g["nesterov"]) for g in optimizer.param_groups} == {(0.8, True)}


def test_groups_hold_every_weight_once_the_bodies_apart():
    model, judge = build("cnn-2", seed=0), nn.Linear(3, 1)
    module = nn.ModuleDict({"model": model, "extra": judge})
    body, rest = optimisation.groups(module, Training(lr=0.5, body_lr=0.1))
    assert (body["lr"], rest["lr"]) == (0.05, 0.5)
    assert {*map(id, body["params"])} == {id(p) for p in model.body.parameters()}
    others = [*model.head.parameters(), *judge.parameters()]
    assert {*map(id, rest["params"])} == {*map(id, others)}
    (one,) = optimisation.groups(module, Training())
    assert [*map(id, one["params"])] == [*map(id, module.parameters())]


def fitted(digits, model, state=None, at=None, extra=None, **how):
    """The model, trained for a few batches; ``at`` a batch a SIGTERM comes."""
    given = settings_of(**{"steps": 12, "batch": 12, "lr": 0.02, "state": state} | how)
    rows, labels = digits(50)
    views = training.Views(rows_of(rows), given["how"].batch, given["ranges"], "test", 0)

    def loss_fn(step):
        if step == at:
            os.kill(os.getpid(), signal.SIGTERM)
        chosen = views.indices(step)
        logits = model(views.view(chosen, step))
        if extra is not None:
            extra.append(copy.deepcopy(model.state_dict()))
        return F.cross_entropy(logits, labels[chosen]), {}

    training.fit(model, loss_fn, given["how"], given["run"], views.per_epoch, {"who": "test"})
    return model


EVERYTHING = {
    "optimizer": "sgd",
    "nesterov": True,
    "schedule": "cosine",
    "warm_up": 0.2,
    "body_lr": 0.1,
    "clip": 0.5,
    "accumulate": 5,
    "ema": 0.9,
    "freeze": "batchnorm",
}


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("at", [1, 7])
def test_a_run_with_every_option_resumes_to_the_same_bytes(digits, tmp_path, at, precision):
    how = {**EVERYTHING, "precision": precision}
    whole = fitted(digits, build("cnn-2", seed=0), **how).state_dict()
    path = tmp_path / "state"
    with pytest.raises(SystemExit):
        fitted(digits, build("cnn-2", seed=0), path, at, **how)
    assert path.exists()
    resumed = fitted(digits, build("cnn-2", seed=1), path, **how).state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    first = build("cnn-2", seed=0).state_dict()
    assert any(not torch.equal(whole[name], first[name]) for name in whole)


def test_accumulated_batches_step_as_one_large_batch(digits):
    how = {"optimizer": "sgd", "schedule": "constant"}
    # 48 rows an epoch: four batches of 12 hold what one of 48 does
    rows, labels = digits(48)
    model = build("mlp-8", seed=0)
    large = copy.deepcopy(model)
    given = settings_of(steps=4, accumulate=4, lr=0.1, **how)

    def small_loss(step):
        part = slice(12 * step, 12 * step + 12)
        return F.cross_entropy(model(rows[part] / 255), labels[part]), {}

    def large_loss(step):
        return F.cross_entropy(large(rows / 255), labels), {}

    training.fit(model, small_loss, given["how"], given["run"], 4, {})
    training.fit(large, large_loss, settings_of(steps=1, lr=0.1, **how)["how"], given["run"], 1, {})
    torch.testing.assert_close(model.state_dict(), large.state_dict())


def test_an_average_is_that_of_the_weights_after_each_step(digits):
    seen = []
    model = fitted(digits, build("mlp-8", seed=0), extra=seen, ema=0.5)
    last = fitted(digits, build("mlp-8", seed=0)).state_dict()
    average = seen[0]
    for step, after in enumerate([*seen[1:], last]):
        decay = min(0.5, (1 + step) / (10 + step))
        average = {name: decay * average[name] + (1 - decay) * after[name] for name in average}
    torch.testing.assert_close(model.state_dict(), average)


def test_what_is_frozen_stays_and_the_rest_learns(digits):
    first = build("cnn-2", seed=0).state_dict()
    body = fitted(digits, build("cnn-2", seed=0), freeze="body").state_dict()
    moved = {name for name in first if not torch.equal(first[name], body[name])}
    assert moved == {"head.weight", "head.bias"}
    model = build("cnn-2", seed=0)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    before = [copy.deepcopy(norm.state_dict()) for norm in norms]
    fitted(digits, model, freeze="batchnorm")
    assert all(
        torch.equal(norm.state_dict()[name], kept[name])
        for norm, kept in zip(norms, before, strict=True)
        for name in kept
    )
    assert not torch.equal(model.state_dict()["body.0.weight"], first["body.0.weight"])


def test_nothing_to_train_is_refused():
    model = build("cnn-2", seed=0)
    model.head.requires_grad_(False)
    model.train()
    optimisation.freeze(model, "body")
    with pytest.raises(InputError, match="leaves nothing to train"):
        optimisation.optimizer(model, Training(freeze="body"))


def test_a_clipped_gradient_has_the_norm_that_is_allowed():
    layer = nn.Linear(4, 4)
    how = Training(steps=1, lr=1.0, weight_decay=0.0, optimizer="sgd", clip=0.25)
    optimizer = optimisation.optimizer(layer, how)
    before = torch.cat([p.detach().flatten().clone() for p in layer.parameters()])
    gradient = optimisation.Gradient(optimizer, how, torch.device("cpu"))
    assert gradient.take(100 * layer(torch.ones(2, 4)).square().sum(), 0)
    after = torch.cat([p.detach().flatten() for p in layer.parameters()])
    assert (after - before).norm().item() == pytest.approx(0.25, rel=1e-4)


def test_a_float16_gradient_that_overflows_makes_no_step():
    layer = nn.Linear(2, 1)
    how = Training(steps=2, optimizer="sgd", precision="float16")
    optimizer = optimisation.optimizer(layer, how)
    gradient = optimisation.Gradient(optimizer, how, torch.device("cpu"))
    before = copy.deepcopy(layer.state_dict())
    gradient.take((layer(torch.ones(1, 2)) * 3e38).sum(), 0)
    assert torch.equal(layer.weight, before["weight"])
    assert gradient.scaler.get_scale() == 2.0**15  # halved from torch's first scale
    gradient.take(layer(torch.ones(1, 2)).sum(), 1)
    assert not torch.equal(layer.weight, before["weight"])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"nesterov": True}, "nesterov: is for sgd"),
        ({"nesterov": True, "optimizer": "sgd", "momentum": 0.0}, "nesterov: is for sgd"),
        ({"warm_up": 0.1}, "warm_up: one-cycle has its own"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(given, problem):
    with pytest.raises(InputError, match=problem):
        Training(**given)
    with pytest.raises(InputError):
        Training(optimizer="lion")


def test_a_header_names_what_is_not_the_default_alone():
    old = {"steps", "batch", "lr", "weight_decay", "precision", "channels_last", "compile"}
    assert Training().facts().keys() == old
    assert Training(schedule="inverse").facts().keys() == old | {"schedule"}


@pytest.mark.parametrize(
    ("momentum", "steps", "expected"),
    [(0.1, 3000, 0.1), (0.01, 5000, 0.01), (0.01, 400, 0.025), (0.01, 20, 0.1), (0.3, 20, 0.3)],
)
def test_batchnorm_keeps_up_with_a_short_training(momentum, steps, expected):
    network = nn.Sequential(nn.BatchNorm2d(2, momentum=momentum), nn.BatchNorm1d(2, momentum=None))
    optimisation.follow(network, steps)
    assert network[0].momentum == expected
    assert network[1].momentum is None  # an average over all batches


def test_a_network_of_slow_statistics_is_evaluated_as_it_was_trained(digits):
    """Else its running statistics are those of its first weights: answers at chance."""
    images, labels = digits(64)
    network = build("cnn-2", 10, 1, 8, seed=0)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 0.01
    made = settings_of(steps=60, batch=32, lr=0.02, weight_decay=0.01)
    views = training.Views(rows_of(images), 32, made["ranges"], "slow", 0)

    def loss_fn(step):
        drawn = views.indices(step)
        return F.cross_entropy(network(views.view(drawn, step)), labels[drawn]), {}

    training.fit(network, loss_fn, made["how"], made["run"], views.per_epoch, {})
    seen = views.view(torch.arange(64), 0)
    with torch.no_grad():
        trained, evaluated = network(seen), network.eval()(seen)
    assert (trained.argmax(1) == evaluated.argmax(1)).float().mean() > 0.8
