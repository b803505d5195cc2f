"""Closed forms of the distillation losses beyond kd."""

import math

import pytest
import torch
import torch.nn.functional as F

from distilshift import losses

S = torch.tensor([[2.0, 0.5, -1.0], [0.1, 0.2, 0.9], [1.0, -2.0, 0.3]])
T = torch.tensor([[1.5, 1.0, -0.5], [-0.3, 0.4, 1.1], [0.2, 0.1, 2.0]])


@pytest.mark.parametrize("name", losses.DISTILLATION)
def test_no_gradient_reaches_the_teacher(name):
    student, teacher = S.clone().requires_grad_(), T.clone().requires_grad_()
    losses.DISTILLATION[name](student, teacher, 2.0).backward()
    assert teacher.grad is None
    assert student.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ["kd", "dkd", "dist", "logit-std"])
def test_nothing_is_lost_on_an_equal_student(name):
    assert losses.DISTILLATION[name](T, T, 3.0).item() == pytest.approx(0, abs=1e-5)


def test_soft_ce_is_kd_plus_the_teachers_entropy():
    soft = F.softmax(T / 2, dim=1)
    entropy = -(soft * soft.log()).sum(1).mean()
    expected = losses.kd(S, T, 2.0) + 4 * entropy
    assert losses.soft_ce(S, T, 2.0).item() == pytest.approx(expected.item(), rel=1e-6)


def test_hard_is_cross_entropy_to_the_largest_logit():
    expected = -F.log_softmax(S, dim=1)[torch.arange(3), torch.tensor([0, 2, 2])].mean()
    assert losses.hard(S, T, 7.0).item() == pytest.approx(expected.item(), rel=1e-6)


def test_dkd_with_beta_the_rest_of_the_teacher_is_kd():
    one_s, one_t = S[:1], T[:1]
    rest = 1 - F.softmax(one_t / 2, dim=1).max().item()
    decoupled = losses.dkd(one_s, one_t, 2.0, beta=rest)
    assert decoupled.item() == pytest.approx(losses.kd(one_s, one_t, 2.0).item(), rel=1e-5)


def test_dist_does_not_see_a_scale_of_the_probabilities():
    # correlation by sample is 1 for any increasing line of the teacher's probabilities
    p = F.softmax(T, dim=1)
    flatter = (0.5 * p + 0.5 / 3).log()
    assert losses.dist(flatter, T, 1.0).item() == pytest.approx(0, abs=1e-5)
    assert losses.dist(-T, T, 1.0).item() > 1


def test_logit_std_does_not_see_shift_and_scale():
    assert losses.logit_std(3 * T + 5, T, 2.0).item() == pytest.approx(0, abs=1e-5)


def test_kd_of_two_classes_by_hand():
    # Q = log p / (1 - p): two logits differ by it, so (Q, 0) says the same as one logit
    p, q = 0.9, 0.6
    teacher = torch.tensor([[math.log(p / (1 - p)), 0.0]])
    student = torch.tensor([[math.log(q / (1 - q)), 0.0]])
    expected = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert losses.kd(student, teacher, 1.0).item() == pytest.approx(expected, rel=1e-5)
