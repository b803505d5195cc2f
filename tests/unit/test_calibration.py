"""A student's temperature: closed forms, and that nothing but its sureness changes."""

from distilshift import networks
from distilshift.image.views import plain
from distilshift.learning import calibration

import pytest
import torch
import torch.nn.functional as F
from made import build


@pytest.fixture
def teacher():
    return torch.randn(500, 7, generator=torch.Generator().manual_seed(0)) * 3


@pytest.mark.parametrize("scale", [0.03, 1.0, 20.0])
def test_a_student_that_is_the_teacher_on_another_scale_is_brought_back(teacher, scale):
    shifted = teacher * scale + torch.arange(500)[:, None]  # a softmax sees no shift of a row
    assert calibration.temperature(shifted, teacher) == pytest.approx(scale, rel=1e-4)


def test_no_other_temperature_fits_better(teacher):
    student = teacher * 0.2 + torch.randn(500, 7, generator=torch.Generator().manual_seed(1))
    found = calibration.temperature(student, teacher)

    def loss(t):
        return F.cross_entropy((student / t).double(), teacher.double().softmax(1)).item()

    assert all(loss(found) < loss(found * other) for other in (0.98, 0.999, 1.001, 1.02))


@pytest.mark.parametrize(("sign", "end"), [(1, calibration.LEAST), (-1, calibration.LARGEST)])
def test_where_none_is_best_it_is_the_end_of_the_range(sign, end):
    classes = torch.eye(4).repeat(5, 1)
    found = calibration.temperature(sign * classes, classes * 1e6)
    assert found == pytest.approx(end, rel=1e-5)


def test_the_student_is_asked_in_evaluation_mode_and_left_as_it_was(digits):
    inputs = digits(50)[0]
    student = build("cnn-2", seed=0).train()
    before = {name: value.clone() for name, value in student.state_dict().items()}

    def teacher(rows):
        return 5 * torch.eye(10)[rows % 10]

    found = calibration.calibrate(student, lambda rows: plain(inputs[rows]), teacher, 50)
    assert student.training and found["rows"] == 50
    for name, value in student.state_dict().items():
        assert torch.equal(value, before[name]), name
    with torch.no_grad():
        logits = student.eval()(plain(inputs))
    assert found["temperature"] == calibration.temperature(logits, teacher(torch.arange(50)))


def test_a_large_set_is_drawn_from(monkeypatch, digits):
    monkeypatch.setattr(calibration, "MOST", 20)
    inputs, seen = digits(50)[0], []

    def teacher(rows):
        seen.extend(rows.tolist())
        return torch.zeros(len(rows), 10)

    student = build("cnn-2", seed=0)
    found = calibration.calibrate(student, lambda rows: plain(inputs[rows]), teacher, 50)
    assert found["rows"] == len(set(seen)) == 20 and max(seen) > 25


def test_logits_are_divided_only_where_a_header_says_so():
    logits = torch.tensor([[1.0, 2.0, -3.0]])
    assert networks.calibrated(logits, {"model": "cnn-2"}) is logits
    found = networks.calibrated(logits, {"calibration": {"temperature": 0.25, "rows": 1}})
    assert torch.equal(found, 4 * logits)
