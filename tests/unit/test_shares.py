"""``joint-shares``: whether class shares moved, and what follows."""

import math
from types import SimpleNamespace

from distilshift.learning import adaptation, alignment
from distilshift.learning.adaptations import joint, shares

import pytest
import torch
import torch.nn.functional as F
from torch import nn


def corners(counts: list[int], sure: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features at a simplex's corners, as many a class as told; logits; classes."""
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    features = F.one_hot(labels, len(counts)).float()
    return features, sure * features, labels


@pytest.mark.parametrize(
    ("counts", "sure", "expected"),
    [
        ([50, 50], 9.0, False),
        ([80, 20], 9.0, True),
        ([80, 20], 0.5, False),  # as far off as a network that doubts so much may be
        ([54, 46], 3.0, False),
        ([56, 44], 3.0, True),  # 0.06 apart, where 0.047 are doubted
        ([30, 30, 0], 9.0, True),
        ([1, 0], 9.0, True),  # one sample
    ],
)
def test_shares_have_moved_where_clusters_count_further_off_than_predictions_doubt(
    counts, sure, expected
):
    features, logits, _ = corners(counts, sure)
    even = torch.full((len(counts),), 1 / len(counts))
    assert shares.moved(features, logits, even) is expected


def task_of_corners(counts: list[int], source: list[int], sure: float = 9.0) -> adaptation.Task:
    """A linear network that knows its corners, and sets of these as target and source."""

    def views(of: list[int], name: str) -> tuple[SimpleNamespace, torch.Tensor]:
        features, _, labels = corners(of, 1.0)
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(len(name)))
        rows, labels = features[order], labels[order]
        data = SimpleNamespace(ids=range(len(rows)), plain=lambda at: rows[at], device=rows.device)
        every = torch.arange(len(rows))
        return SimpleNamespace(
            data=data, device=rows.device, count=len(rows), per_epoch=3,
            indices=lambda step: every, view=lambda at, *_: rows[at],
        ), labels  # fmt: skip

    class Corner(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(len(counts), len(counts), bias=False)
            self.head.weight.data = sure * torch.eye(len(counts))

        def features(self, seen, posed=True):
            return seen

    (target, _), (known, labels) = views(counts, "target"), views(source, "source")
    return adaptation.Task(Corner(), target, known, labels, 1.0, 9)


def test_joint_shares_is_joint_sinkhorn_where_shares_did_not_move():
    ours, theirs = (
        task_of_corners([20, 20, 20], [8, 8, 8]),
        task_of_corners([20, 20, 20], [8, 8, 8]),
    )
    one, other = shares.joint_shares(ours), joint.joint_sinkhorn(theirs)
    for step in range(4):
        (loss, measured), (expected, wanted) = one(step), other(step)
        assert torch.equal(loss, expected) and measured.keys() == wanted.keys()
    assert torch.equal(ours.extra["pseudo"].labels, theirs.extra["pseudo"].labels)
    assert not ours.extra["prior"].moved


def test_joint_shares_holds_predictions_to_the_shares_that_the_clusters_have():
    ours = task_of_corners([40, 14, 6], [10, 10, 10])
    one = shares.joint_shares(ours)
    loss, measured = one(0)
    found = ours.extra["prior"].shares
    torch.testing.assert_close(found, torch.tensor([40, 14, 6]) / 60)
    logits = ours.model.head(ours.target.view(ours.target.indices(0)))
    assert torch.equal(ours.extra["pseudo"].labels, logits.argmax(1))
    torch.testing.assert_close(measured["target"], alignment.entropy_to_shares(logits, found))
    torch.testing.assert_close(
        loss, measured["source"] + measured["target"] + 0.3 * measured["pseudo"]
    )
    # what was believed is kept in the state: another process goes on from it
    again = task_of_corners([40, 14, 6], [10, 10, 10])
    later = shares.joint_shares(again)
    again.extra.load_state_dict(ours.extra.state_dict())
    assert torch.equal(later(1)[0], one(1)[0])


def test_shares_of_many_classes_are_told_apart():
    """A class of a two-thousandth is rare among ten and no rarer than most among a thousand."""
    told = torch.cat([torch.full((500,), 1.8e-3), torch.full((500,), 2e-4)])
    at_told = alignment.entropy_to_shares(told.log()[None], told)
    torch.testing.assert_close(at_told, alignment.entropy(told.log()[None]))


def test_entropy_to_shares_is_entropy_and_the_divergence_of_the_mean():
    logits = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    told = torch.tensor([0.4, 0.3, 0.2, 0.1])
    p = logits.softmax(1)
    by_hand = -(p * p.log()).sum(1).mean() + (p.mean(0) * (p.mean(0) / told).log()).sum()
    torch.testing.assert_close(alignment.entropy_to_shares(logits, told), by_hand)
    even = alignment.entropy_to_shares(logits, torch.full((4,), 0.25))
    torch.testing.assert_close(even, alignment.information_maximisation(logits) + math.log(4))
    assert alignment.entropy_to_shares(logits, torch.tensor([1.0, 0, 0, 0])).isfinite()
