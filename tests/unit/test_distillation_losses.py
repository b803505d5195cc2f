"""Closed forms of the distillation losses beyond kd."""

import math

from distilshift import registry
from distilshift.learning import losses
from distilshift.learning.losses import dist, dkd, kd, logit_std

import pytest
import torch
import torch.nn.functional as F

LOSSES = {name: registry.load(losses.__name__, entry) for name, entry in losses.LOSSES.items()}
S = torch.tensor([[2.0, 0.5, -1.0], [0.1, 0.2, 0.9], [1.0, -2.0, 0.3]])
T = torch.tensor([[1.5, 1.0, -0.5], [-0.3, 0.4, 1.1], [0.2, 0.1, 2.0]])


@pytest.mark.parametrize("name", LOSSES)
def test_no_gradient_reaches_the_teacher(name):
    student, teacher = S.clone().requires_grad_(), T.clone().requires_grad_()
    LOSSES[name](student, teacher, 2.0).mean().backward()
    assert teacher.grad is None
    assert student.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ["kd", "dkd", "dist", "logit-std"])
def test_nothing_is_lost_on_an_equal_student(name):
    assert LOSSES[name](T, T, 3.0).abs().max() < 1e-5


def test_soft_ce_is_kd_plus_the_teachers_entropy():
    soft = F.softmax(T / 2, dim=1)
    entropy = -(soft * soft.log()).sum(1)
    expected = kd.kd(S, T, 2.0) + 4 * entropy
    torch.testing.assert_close(kd.soft_ce(S, T, 2.0), expected)


def test_hard_is_cross_entropy_to_the_largest_logit():
    expected = -F.log_softmax(S, dim=1)[torch.arange(3), torch.tensor([0, 2, 2])]
    torch.testing.assert_close(kd.hard(S, T, 7.0), expected)


def test_dkd_with_beta_the_rest_of_the_teacher_is_kd():
    one_s, one_t = S[:1], T[:1]
    rest = 1 - F.softmax(one_t / 2, dim=1).max().item()
    decoupled = dkd.dkd(one_s, one_t, 2.0, beta=rest)
    assert decoupled.item() == pytest.approx(kd.kd(one_s, one_t, 2.0).item(), rel=1e-5)


def test_dist_does_not_see_a_scale_of_the_probabilities():
    # correlation by sample is 1 for any increasing line of the teacher's probabilities
    p = F.softmax(T, dim=1)
    flatter = (0.5 * p + 0.5 / 3).log()
    assert dist.dist(flatter, T, 1.0).abs().max() < 1e-5
    assert dist.dist(-T, T, 1.0).mean() > 1


def test_logit_std_does_not_see_shift_and_scale():
    assert logit_std.logit_std(3 * T + 5, T, 2.0).abs().max() < 1e-5


# ---- two classes: one logit says it all -----------------------------------------------


def one_logit(student, teacher, temperature):
    """T^2 times the binary KL of sigmoid(Q / T), Q = log p / (1 - p); (N,)."""
    p, q = torch.sigmoid(teacher / temperature), torch.sigmoid(student / temperature)
    return temperature**2 * (p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log())


def entropy(q, temperature):
    p = torch.sigmoid(q / temperature)
    return -(p * p.log() + (1 - p) * (1 - p).log())


ONE_LOGIT = {
    "kd": one_logit,
    "soft-ce": lambda s, t, T: one_logit(s, t, T) + T**2 * entropy(t, T),
    "hard": lambda s, t, T: F.softplus(torch.where(t > 0, -s, s)),
}


@pytest.mark.parametrize("temperature", [1.0, 2.0, 7.0])
@pytest.mark.parametrize("name", ONE_LOGIT)
def test_one_logit_is_two_logits(name, temperature):
    """On (0, Q) the losses of two classes have the one-logit loss's values and gradient."""
    p = torch.tensor([0.9, 0.5001, 0.02], dtype=torch.double)
    teacher = (p / (1 - p)).log()
    given = torch.tensor([0.4, -2.0, 3.0], dtype=torch.double)
    one, two = given.clone().requires_grad_(), given.clone().requires_grad_()
    alone = ONE_LOGIT[name](one, teacher, temperature)
    student_pair, teacher_pair = (torch.stack([torch.zeros_like(q), q], 1) for q in (two, teacher))
    both = LOSSES[name](student_pair, teacher_pair, temperature)
    torch.testing.assert_close(both, alone)
    alone.mean().backward()
    both.mean().backward()
    torch.testing.assert_close(two.grad, one.grad)


def test_kd_of_two_classes_by_hand():
    p, q = 0.9, 0.6
    teacher = torch.tensor([[math.log(p / (1 - p)), 0.0]])
    student = torch.tensor([[math.log(q / (1 - q)), 0.0]])
    expected = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert kd.kd(student, teacher, 1.0).item() == pytest.approx(expected, rel=1e-5)
