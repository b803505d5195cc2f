import math
from types import SimpleNamespace

from distilshift.image.pose import Pose
from distilshift.learning import guard
from distilshift.learning.settings import Run

import pytest
import torch
from torch import nn

ROWS = 20
TARGET = SimpleNamespace(
    ids=torch.arange(ROWS), device=torch.device("cpu"), plain=lambda rows: rows[:, None].float()
)
RIGHT = torch.arange(ROWS) % 2


class Says(nn.Module):
    """A network that says these classes, surely or not so."""

    def __init__(self, labels, sure=9.0, pose=None):
        super().__init__()
        self.logits, self.pose = sure * nn.functional.one_hot(labels, 2).float(), pose

    def forward(self, rows):
        return self.logits[rows.squeeze(1).long()]


def flipped(count):
    """The right classes, but for so many."""
    return torch.where(torch.arange(ROWS) < count, 1 - RIGHT, RIGHT)


def believed(teacher, *adapted):
    """What is kept of a teacher whose adaptations end in these, in their order."""
    ends, asked = list(adapted), []

    def fit(start, run, *stream):
        asked.append((start.pose, run.state and run.state.name, stream))
        return guard.Adapted(ends[len(asked) - 1], [{"step": len(asked)}])

    kept, measured = guard.believed(teacher, TARGET, Run(seed=0), fit)
    assert len(asked) == len(ends)
    return kept, measured, asked


def test_runs_that_agree_are_believed_and_the_surest_is_kept():
    ends = [Says(flipped(1), 3.0), Says(flipped(4)), *(Says(flipped(4), 2.0) for _ in range(3))]
    kept, measured, asked = believed(Says(RIGHT, 1.0), *ends)
    assert kept.model is ends[1] and kept.history == [{"step": 2}] and measured["believed"]
    assert measured["agreement"] == pytest.approx((4 * 17 + 6 * 20) / (10 * ROWS))
    assert max(measured["runs"]) == measured["runs"][1] and len(measured["starts"]) == 1
    assert [stream for *_, stream in asked] == [(), *((name,) for name in guard.AGAIN)]


def test_runs_that_do_not_leave_the_teacher_as_it_is():
    teacher = Says(flipped(3), 1.0)
    ends = [Says(flipped(count)) for count in (1, 9, 9, 1, 1)]
    kept, measured, _ = believed(teacher, *ends)
    assert torch.equal(kept.model.logits, teacher.logits) and kept.history == []
    assert not measured["believed"] and measured["agreement"] == (6 * 12 + 4 * 20) / (10 * ROWS)


def test_a_teacher_that_knows_one_class_is_nothing_to_fall_back_to():
    """One class of two covers half; of four, a quarter, which is too little."""
    logits = torch.zeros(ROWS, 4)
    logits[:, 0] = 5
    teacher, first = Says(RIGHT), Says(RIGHT)
    teacher.logits = logits
    again = Says(1 - RIGHT)
    for one in (first, again):
        one.logits = nn.functional.pad(one.logits, (0, 2))
    kept, measured, _ = believed(teacher, first, again, first, again, again)
    assert kept.model is first and measured["coverage"] == 0.25 and measured["believed"]


def test_a_pose_is_believed_where_it_makes_surer():
    pose = Pose(90.0, 0.0, False)
    for sure, other in ((9.0, 1.0), (1.0, 9.0)):
        with_pose, without = Says(RIGHT, sure, pose), Says(RIGHT, other)
        best = max(with_pose, without, key=lambda one: one.logits.max().item())
        kept, measured, asked = believed(Says(RIGHT, 1.0, pose), with_pose, without, *[best] * 4)
        assert kept.model is best and len(measured["starts"]) == 2
        assert [found for found, *_ in asked] == [pose, None, *[best.pose] * 4]


def test_no_pose_is_tried_once():
    *_, asked = believed(Says(RIGHT, 1.0, Pose()), *(Says(RIGHT) for _ in range(5)))
    assert len(asked) == 5


def test_a_wrong_pose_is_not_fallen_back_to():
    pose = Pose(90.0, 0.0, False)
    ends = [Says(labels, 9.0, pose) for labels in (RIGHT, RIGHT, *[1 - RIGHT] * 3, RIGHT)]
    ends[1] = Says(flipped(3), 1.0)
    kept, measured, _ = believed(Says(RIGHT, 1.0, pose), *ends)
    assert kept.model.pose is None and not measured["believed"]


def test_each_trial_has_a_state_of_its_own(tmp_path):
    run = Run(seed=3, state=tmp_path / "weights.safetensors.state")
    assert guard.trial(run, "again").state.name == "weights.safetensors.state.again"
    assert guard.trial(Run(seed=3), "again").state is None


def test_information_and_coverage():
    even = torch.tensor([[50.0, 0.0], [0.0, 50.0]])
    assert guard.information(even) == pytest.approx(math.log(2))
    assert guard.information(torch.zeros(2, 2)) == pytest.approx(0, abs=1e-6)
    assert guard.coverage(even) == pytest.approx(1)
    assert guard.coverage(torch.tensor([[1.0, 0.0], [1.0, 0.0]])) == pytest.approx(0.5)
