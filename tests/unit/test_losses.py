import math

from distilshift import registry
from distilshift.learning import losses
from distilshift.learning.losses import kd

import pytest
import torch

TEMPERATURES = [0.5, 1.0, 2.0, 4.0, 20.0]


def pair(n=7, c=5):
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, n, c, dtype=torch.double, generator=generator) * 3
    return student.requires_grad_(), teacher.requires_grad_()


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_gradient_is_t_times_the_difference_of_softened_probabilities(temperature):
    student, teacher = pair()
    kd.kd(student, teacher, temperature).mean().backward()
    softened = [(x.detach() / temperature).softmax(1) for x in (student, teacher)]
    expected = temperature * (softened[0] - softened[1]) / len(student)
    torch.testing.assert_close(student.grad, expected)


def test_gradient_at_high_temperature_is_that_of_matching_centred_logits():
    student, teacher = pair()
    kd.kd(student, teacher, 1e4).mean().backward()
    centred = [x.detach() - x.detach().mean(1, keepdim=True) for x in (student, teacher)]
    expected = (centred[0] - centred[1]) / student.numel()
    torch.testing.assert_close(student.grad, expected, rtol=1e-2, atol=1e-5)


def test_divergence_is_forward_from_the_teacher():
    teacher = torch.tensor([[0.9, 0.1]]).log()
    student = torch.tensor([[0.5, 0.5]]).log()
    forward = 0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5)
    backward = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
    assert abs(forward - backward) > 0.1
    assert kd.kd(student, teacher, 1.0).item() == pytest.approx(forward, abs=1e-6)


@pytest.mark.parametrize("name", ["kd", "soft-ce", "hard", "dkd", "logit-std"])
def test_a_sample_has_the_loss_it_would_have_alone(name):
    student, teacher = pair()
    loss = registry.load(losses.__name__, losses.LOSSES[name])
    alone = [loss(s[None], t[None], 2.0) for s, t in zip(student, teacher, strict=True)]
    torch.testing.assert_close(loss(student, teacher, 2.0), torch.cat(alone))


def test_teacher_gets_no_gradient():
    student, teacher = pair()
    kd.kd(student, teacher, 2.0).mean().backward()
    assert teacher.grad is None
    assert student.grad is not None


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_loss_is_zero_between_equals_and_positive_between_others(temperature):
    student, teacher = pair()
    shifted = student.detach() + 4.2  # the same probabilities
    assert kd.kd(shifted, student, temperature).abs().max() < 1e-12
    assert kd.kd(student, teacher, temperature).min() > 1e-3
