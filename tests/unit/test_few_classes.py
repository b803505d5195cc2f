"""Losses and adaptations at their ends: two classes, a thousand, one sample a class, one class."""

import math
from types import SimpleNamespace

from distilshift import registry
from distilshift.errors import InputError
from distilshift.learning import alignment, budgets, distillation, losses, pseudo_labels
from distilshift.learning.adaptations import bnm, coral, fixmatch, mcc, mmd

import pytest
import torch
import torch.nn.functional as F

LOSSES = {name: registry.load(losses.__name__, entry) for name, entry in losses.LOSSES.items()}
SIZES = [(8, 2), (8, 1000), (5, 5), (1, 3)]


def logits(samples, classes, seed=0, scale=3.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(samples, classes, generator=generator) * scale


def gradient(loss, student, teacher, temperature=2.0):
    student = student.clone().requires_grad_()
    value = loss(student, teacher, temperature).mean()
    (found,) = torch.autograd.grad(value, student)
    return value.item(), found


# ---- distillation ---------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3, 1000])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_teaches_what_it_says_it_can(name, classes):
    """Down its gradient alone, students of one class come to the teacher's."""
    if classes < losses.FEWEST_CLASSES.get(name, 2):
        pytest.skip("refused")
    teacher = 4 * F.one_hot(torch.arange(12) % min(classes, 4), classes).float()
    student = torch.zeros(12, classes)
    student[:, 0] = 2.0
    for _ in range(400):
        student -= (
            2.0 * len(student) * gradient(LOSSES[name], student, teacher, 1.0)[1].clamp(-1, 1)
        )
    assert (student.argmax(1) == teacher.argmax(1)).all()


def test_two_classes_leave_logit_std_no_gradient_and_dist_no_offset():
    student, teacher = logits(8, 2), logits(8, 2, seed=1)
    # the gradient of a constant, which 1e-7 beside the deviation makes nearly one
    assert gradient(LOSSES["logit-std"], student, teacher)[1].abs().max() < 1e-5
    # probabilities of the teacher's relations and one class for everything: as good as equal
    p = F.softmax(teacher, dim=1)[:, 0]
    near_one = 0.6 + 0.3 * p
    collapsed = torch.stack([near_one, 1 - near_one], 1).log()
    assert (collapsed.argmax(1) == 0).all() and 0 < (teacher.argmax(1) == 0).float().mean() < 1
    by_class = 2 - LOSSES["dist"](collapsed, teacher, 1.0) - torch.where(p > 0.5, 1.0, -1.0)
    torch.testing.assert_close(by_class, torch.ones(8), atol=1e-4, rtol=0)
    assert gradient(LOSSES["dist"], collapsed, teacher, 1.0)[1].abs().max() < 1e-4
    # with three the same is seen
    third = torch.cat([collapsed, torch.full((8, 1), -3.0)], 1)
    assert gradient(LOSSES["dist"], third, logits(8, 3, seed=1), 1.0)[1].abs().max() > 1e-3


def test_dkd_of_two_classes_is_kd():
    student, teacher = logits(8, 2), logits(8, 2, seed=1)
    torch.testing.assert_close(
        LOSSES["dkd"](student, teacher, 2.0), LOSSES["kd"](student, teacher, 2.0)
    )


@pytest.mark.parametrize("scale", [3.0, 300.0])
@pytest.mark.parametrize(("samples", "classes"), SIZES)
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_numbers(name, samples, classes, scale):
    for teacher in (logits(samples, classes, 1, scale), torch.zeros(samples, classes)):
        value, found = gradient(LOSSES[name], logits(samples, classes, scale=scale), teacher)
        assert math.isfinite(value) and found.isfinite().all()


@pytest.mark.parametrize("budget", ["full", "top1", "top5", "hard"])
@pytest.mark.parametrize(("samples", "classes"), SIZES)
def test_budgets_leave_probabilities_of_any_number_of_classes(budget, samples, classes):
    given = logits(samples, classes)
    shown = budgets.project(given, budget)
    torch.testing.assert_close(shown.exp().sum(1), torch.ones(samples))
    assert (shown.argmax(1) == given.argmax(1)).all()


@pytest.mark.parametrize("name", losses.FEWEST_CLASSES)
def test_a_loss_that_cannot_tell_two_classes_is_refused(name):
    task = SimpleNamespace(views=SimpleNamespace(data=SimpleNamespace(classes=["3", "8"])))
    with pytest.raises(InputError, match=f"--loss: {name} cannot tell 2 classes apart"):
        distillation.loss_fn(name, task)


# ---- the alarm ------------------------------------------------------------------------


def test_coverage_counts_the_classes_a_student_names_against_its_teachers():
    def coverage(student, teacher, classes=4):
        named = (F.one_hot(torch.tensor(of), classes).float() for of in (student, teacher))
        return {name: value.item() for name, value in distillation.followed(*named).items()}

    assert coverage([0, 1, 2, 3], [3, 2, 1, 0]) == pytest.approx({"fit": 0, "coverage": 1})
    assert coverage([0, 0, 0, 0], [0, 1, 2, 3]) == pytest.approx({"fit": 0.25, "coverage": 0.25})
    assert coverage([1, 1], [0, 1], 2) == pytest.approx({"fit": 0.5, "coverage": 0.5})
    assert coverage([0, 0], [0, 0])["coverage"] == pytest.approx(1)  # a teacher of one class
    assert coverage([0] * 8, range(8), 1000)["coverage"] == pytest.approx(1 / 8)


def test_a_collapse_is_said_of_the_end_of_a_training():
    assert distillation.collapse([{"coverage": 0.3}, {"coverage": 0.97}]) is None
    said = distillation.collapse([{"coverage": 0.97}, {"coverage": 0.5}])
    assert "0.50 times as many classes as its teacher" in said


# ---- adaptation -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "sure_and_diverse", "one_class"),
    [
        (alignment.entropy, lambda c, n: 0, lambda c, n: 0),
        (alignment.information_maximisation, lambda c, n: -math.log(min(c, n)), lambda c, n: 0),
        (bnm.batch_nuclear_norm, lambda c, n: -math.sqrt(min(c, n) / n), lambda c, n: -(n**-0.5)),
        (mcc.minimum_class_confusion, lambda c, n: 0, lambda c, n: 0),
    ],
)
@pytest.mark.parametrize(("samples", "classes"), [(8, 2), (8, 1000), (4, 4)])
def test_losses_of_logits_at_their_ends(loss, sure_and_diverse, one_class, samples, classes):
    of = torch.arange(samples) % classes
    for named, expected in ((of, sure_and_diverse), (torch.zeros_like(of), one_class)):
        given = 1000.0 * F.one_hot(named, classes)
        given.requires_grad_()
        value = loss(given)
        assert value.item() == pytest.approx(expected(classes, samples), abs=1e-5)
        (found,) = torch.autograd.grad(value, given)
        assert found.isfinite().all()


@pytest.mark.parametrize("loss", [coral.covariance_distance, mmd.mean_discrepancy])
def test_domains_of_one_and_the_same_feature_do_not_differ(loss):
    source, target = torch.ones(6, 3, requires_grad=True), torch.ones(6, 3)
    value = loss(source, target)
    assert value.item() == pytest.approx(0)
    assert torch.autograd.grad(value, source)[0].isfinite().all()
    assert loss(torch.zeros(6, 3), target + torch.eye(6)[:, :3]).item() > 0


def test_no_sure_sample_is_no_loss():
    weak, strong = torch.zeros(4, 2), logits(4, 2)
    assert fixmatch.confident_cross_entropy(weak, strong, 0.95).item() == 0


@pytest.mark.parametrize("classes", [2, 1000])
@pytest.mark.parametrize("shares", [False, True])
def test_centroid_labels_of_one_sample_a_class_and_of_one_class(classes, shares):
    samples = min(classes, 20)
    features = torch.eye(samples, 24)
    sure = 50.0 * F.one_hot(torch.arange(samples), classes)
    given = F.one_hot(torch.arange(samples), classes).sum(0) / samples if shares else None
    assert pseudo_labels.of_centroids(features, sure, given).tolist() == list(range(samples))
    alone = 50.0 * F.one_hot(torch.zeros(samples, dtype=torch.long), classes)
    only = F.one_hot(torch.tensor(0), classes).float() if shares else None
    assert (pseudo_labels.of_centroids(torch.ones(samples, 4), alone, only) == 0).all()
