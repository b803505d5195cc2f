"""Every adaptation on every network on texts: trained by it, or refused in one line."""

import copy

from distilshift import networks
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.learning import adaptation, training
from distilshift.learning.adaptations import ADAPTATIONS, SOURCE_FREE
from distilshift.text.encoding import encode
from distilshift.text.settings import View

import pytest
import torch

NAMES = ["bag-8-8", "bytecnn-8", "transformer-1-16"]
CLASSES = ["bad", "good"]
STEPS = 3


def rows_of(texts, at):
    header = {"data": "text", "input": {"length": 32}, "classes": CLASSES, "domain": at}
    return domains.Inputs(torch.from_numpy(encode(texts, 32)), torch.arange(len(texts)), header)


@pytest.fixture(scope="module")
def views():
    """Of a source and a target, and the source's labels."""
    labels = torch.arange(32) % 2
    source = [f"a {CLASSES[y]} film number {n}" for n, y in enumerate(labels)]
    target = [f"{n} times a {CLASSES[n % 2]} book, they say" for n in range(32)]
    made = [
        training.Views(rows_of(texts, at), 16, View(dropped=0.1), at, 0)
        for texts, at in ((source, "source"), (target, "target"))
    ]
    return *made, labels


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ADAPTATIONS)
def test_an_adaptation_trains_a_network_on_texts_or_refuses_it(kind, name, views):
    source, target, labels = views
    model = networks.build(name, 2, "text", {"length": 32}, seed=0).train()
    labelled = (None, None) if kind in SOURCE_FREE else (source, labels)
    task = adaptation.Task(model, target, *labelled, weight=1.0, steps=STEPS)
    begin = copy.deepcopy(model.state_dict())
    lacking = {"adabn": not networks.has_batchnorm(model)}
    lacking["tent"] = not networks.normalisations(model)
    lacking["naive-bayes"] = not networks.has_parts(model)
    if lacking.get(kind):
        with pytest.raises(InputError, match=rf"adaptation {kind}.*give this network other"):
            adaptation.method(kind)(task)
        return
    loss_fn = adaptation.method(kind)(task)
    if kind == "adabn":
        assert loss_fn is None
        adapted = adaptation.target_statistics(model, target.data, 16)
        assert not torch.equal(adapted.body.norms[0].running_mean, model.body.norms[0].running_mean)
        return
    trained = [p for m in (model, task.extra) for p in m.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.01)
    for step in range(STEPS):
        loss, _ = loss_fn(step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert loss.isfinite()
    moved = {key for key, value in model.state_dict().items() if not torch.equal(value, begin[key])}
    weights = moved & {key for key, _ in model.named_parameters()}
    assert weights
    if kind == "tent":
        norms = {id(p) for module in networks.normalisations(model) for p in module.parameters()}
        assert weights <= {key for key, p in model.named_parameters() if id(p) in norms}
