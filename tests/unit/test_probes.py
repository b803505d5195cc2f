"""What networks are asked besides their answers, on networks whose answers are known."""

from pathlib import Path

from distilshift import networks, probes
from distilshift.data import domains
from distilshift.image.settings import View

import pytest
import torch
from made import build
from torch import nn


class Linear(nn.Module):
    """Logits that are a matrix times the input: its gradients are the matrix."""

    def __init__(self, weight):
        super().__init__()
        self.weight = torch.tensor(weight)

    def features(self, seen):
        return seen.flatten(1)

    def forward(self, seen):
        return self.features(seen) @ self.weight.T


@pytest.fixture
def model():
    return Linear([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, -4.0]]).eval()


def test_gradients_are_of_the_label_s_logit_less_the_mean(model):
    seen, labels = torch.zeros(300, 1, 1, 3), torch.arange(300) % 3
    found = probes.input_gradients(model, seen, labels)
    assert found.shape == seen.shape
    mean = torch.tensor([1.0, 2.0, -4.0]) / 3
    for label in range(3):
        expected = model.weight[label] - mean
        assert torch.allclose(found[label].flatten(), expected)
    assert torch.equal(found[:3], found[-3:]), "batches change nothing"


def test_a_constant_on_every_logit_changes_no_gradient(model):
    seen, labels = torch.rand(4, 3), torch.tensor([0, 1, 2, 0])
    shifted = Linear((model.weight + torch.tensor([5.0, -1.0, 3.0])).tolist())
    found = [probes.input_gradients(m, seen, labels) for m in (model, shifted)]
    assert torch.allclose(*found, atol=1e-5)


def test_an_attack_stays_in_reach_and_range_and_raises_the_loss(model):
    seen, labels = torch.rand(40, 3) * 2 - 1, torch.randint(3, (40,))
    there = probes.attacked(model, seen, labels, 0.3)
    assert (there - seen).abs().max() <= 0.3 + 1e-6 and there.abs().max() <= 1
    loss = [nn.functional.cross_entropy(model(rows), labels) for rows in (seen, there)]
    assert loss[1] > loss[0] + 0.3
    assert torch.equal(there, probes.attacked(model, seen, labels, 0.3)), "nothing is random"


def test_an_attack_on_two_classes_goes_where_the_margin_says():
    model = Linear([[1.0, -1.0], [-1.0, 1.0]])
    seen = torch.tensor([[0.0, 0.0], [0.95, 0.0]])
    there = probes.attacked(model, seen, torch.tensor([0, 0]), 0.2)
    assert torch.allclose(there, torch.tensor([[-0.2, 0.2], [0.75, 0.2]]))
    there = probes.attacked(model, seen, torch.tensor([1, 1]), 0.2)
    assert torch.allclose(there, torch.tensor([[0.2, -0.2], [1.0, -0.2]])), "rows end at 1"


def test_answers_are_those_of_whole_batches(model):
    seen = torch.rand(probes.BATCH + 3, 1, 1, 3)
    assert torch.allclose(probes.logits(model, seen), model(seen))
    assert torch.equal(probes.features(model, seen), seen.flatten(1))


@pytest.fixture
def data(digits):
    inputs, labels = digits(600)
    known = {"domain": "b", "data": "image", "classes": list("0123456789")}
    return domains.Inputs(inputs, torch.arange(600), known), labels


def asked(few, model, monkeypatch):
    monkeypatch.setattr(few, "load", lambda path: model)
    return few.ask(Path("weights"))


def test_a_few_rows_are_asked_the_same_by_whoever_asks(data, monkeypatch):
    few, again = (probes.Few(*data, View(rotation=20)) for _ in range(2))
    assert torch.equal(few.rows, again.rows) and len(set(few.rows.tolist())) == probes.ROWS
    assert torch.equal(few.labels, data[1][few.rows])
    assert few.reach == pytest.approx(probes.REACH * few.seen.std().item())
    model = build("cnn-2", 10, 1, 8).eval()
    features, gradients, changes = asked(few, model, monkeypatch)
    assert features.shape == (probes.ROWS, 8) and gradients.shape == (probes.ROWS, 8, 8)
    sizes = [abs(changes[strength]).mean() for strength in probes.STRENGTHS]
    assert 0 < sizes[0] < sizes[1] < sizes[2]


def test_views_that_change_nothing_change_no_answer(data, monkeypatch):
    few = probes.Few(*data, View(rotation=0, translation=0, scale=0))
    model = build("cnn-2", 10, 1, 8).eval()
    *_, changes = asked(few, model, monkeypatch)
    assert all(abs(change).max() < 1e-5 for change in changes.values())


def test_a_frozen_part_is_asked_by_its_features_alone(data, monkeypatch):
    inputs, labels = data
    kept = domains.Features(torch.rand(600, 5), {"of": "a body"}, "")
    few = probes.Few(inputs._replace(features=kept), labels, View())
    body = networks.Network(nn.Identity(), nn.Linear(5, 10), networks.Kept(kept.prepare)).eval()
    features, gradients, changes = asked(few, body, monkeypatch)
    assert torch.equal(torch.from_numpy(features), kept.values[few.rows])
    assert gradients is None and changes == {}
    assert few.attack(Path("weights")) is None and few.withstood(Path("weights")) is None
