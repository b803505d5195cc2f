"""Closed forms and invariances of the adaptation losses."""

import math

from distilshift.learning import alignment as a
from distilshift.learning.adaptations import adversarial, bnm, fixmatch, mcc
from distilshift.learning.adaptations.coral import covariance_distance
from distilshift.learning.adaptations.mmd import mean_discrepancy

import pytest
import torch
from torch import nn

SURE = torch.eye(4) * 50


def test_entropy_is_zero_when_sure_and_log_c_when_not():
    assert a.entropy(SURE).item() == pytest.approx(0, abs=1e-6)
    assert a.entropy(torch.zeros(3, 4)).item() == pytest.approx(math.log(4))


def test_information_maximisation_is_least_when_sure_and_balanced():
    assert a.information_maximisation(SURE).item() == pytest.approx(-math.log(4), rel=1e-5)
    collapsed = SURE[[0, 0, 0, 0]]
    assert a.information_maximisation(collapsed).item() == pytest.approx(0, abs=1e-5)


def test_minimum_class_confusion_of_sure_and_of_undecided_predictions():
    assert mcc.minimum_class_confusion(SURE).item() == pytest.approx(0, abs=1e-6)
    # every cell of the normalised confusion is 1/C, so C (C - 1) / C / C off the diagonal
    assert mcc.minimum_class_confusion(torch.zeros(8, 4)).item() == pytest.approx(3 / 4)


def test_batch_nuclear_norm_of_one_hot_predictions():
    # singular values of balanced one-hot rows are sqrt(N / C), C of them
    logits = SURE.repeat(3, 1)
    assert bnm.batch_nuclear_norm(logits).item() == pytest.approx(-4 * math.sqrt(3) / 12, rel=1e-5)


def test_coral_of_scaled_features():
    x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    assert covariance_distance(x, x + 7).item() == pytest.approx(0, abs=1e-8)
    difference = (torch.cov(x.T) - torch.cov(2 * x.T)).square().sum() / (4 * 9)
    assert covariance_distance(x, 2 * x).item() == pytest.approx(difference.item())


def test_mmd_against_the_sum_over_pairs():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(5, 2, generator=generator), torch.randn(7, 2, generator=generator) + 1
    both = torch.cat([x, y])
    scale = sum((u - v).square().sum() for u in both for v in both) / (12 * 11)

    def mean_kernel(left, right):
        pairs = [(u - v).square().sum() / scale for u in left for v in right]
        return sum(math.exp(-d / 2.0**j) for d in pairs for j in (-2, -1, 0, 1, 2)) / len(pairs)

    expected = mean_kernel(x, x) + mean_kernel(y, y) - 2 * mean_kernel(x, y)
    assert mean_discrepancy(x, y).item() == pytest.approx(expected, rel=1e-4)
    assert mean_discrepancy(x, x).item() == pytest.approx(0, abs=1e-5)


def test_reversed_gradient():
    values = torch.ones(3, requires_grad=True)
    adversarial.reverse_gradient(values, 0.5).sum().backward()
    assert values.grad.tolist() == [-0.5, -0.5, -0.5]


def test_domain_adversary_of_an_undecided_judge_is_log_two():
    judge = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    nn.init.zeros_(judge[0].weight)
    nn.init.zeros_(judge[0].bias)
    loss = adversarial.domain_adversary(judge, torch.randn(3, 2), torch.randn(5, 2), 1.0)
    assert loss.item() == pytest.approx(math.log(2))


def test_a_small_target_weighs_as_much_as_the_source():
    judge = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Flatten(0))
    nn.init.ones_(judge[0].weight)
    source, target = torch.zeros(6, 1), torch.full((2, 1), 3.0)
    of_source, of_target = math.log(2), math.log(1 + math.exp(3))
    loss = adversarial.domain_adversary(judge, source, target, 1.0)
    assert loss.item() == pytest.approx((of_source + of_target) / 2)
    weights = torch.tensor([1.0] * 6 + [2.0, 0.0])
    loss = adversarial.domain_adversary(judge, source, target, 1.0, weights)
    assert loss.item() == pytest.approx((of_source + of_target) / 2)


def test_conditioned_features_are_the_outer_product():
    features, logits = torch.tensor([[2.0, 3.0]]), torch.tensor([[0.0, math.log(3)]])
    expected = [0.25 * 2, 0.25 * 3, 0.75 * 2, 0.75 * 3]
    assert adversarial.conditioned(features, logits)[0].tolist() == pytest.approx(expected)


def test_only_sure_samples_teach():
    weak = torch.tensor([[9.0, 0.0], [0.1, 0.0]])
    strong = torch.zeros(2, 2)
    loss = fixmatch.confident_cross_entropy(weak, strong, 0.95)
    assert loss.item() == pytest.approx(math.log(2) / 2)  # one of two samples counts
