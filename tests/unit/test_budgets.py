from distilshift.errors import InputError
from distilshift.learning import budgets
from distilshift.learning.settings import Method

import pytest
import torch

P = torch.tensor([[0.1, 0.5, 0.15, 0.25], [0.7, 0.02, 0.08, 0.2]])
# shifted: logits are known but for a constant
LOGITS = P.log() + torch.tensor([[3.0], [-40.0]])


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ("full", P),
        ("top4", P),
        ("top3", P),  # what remains is the fourth
        ("top2", [[0.125, 0.5, 0.125, 0.25], [0.7, 0.05, 0.05, 0.2]]),
        ("top1", [[0.5 / 3, 0.5, 0.5 / 3, 0.5 / 3], [0.7, 0.1, 0.1, 0.1]]),
        ("hard", [[0.001 / 3, 0.999, 0.001 / 3, 0.001 / 3], [0.999] + [0.001 / 3] * 3]),
    ],
)
def test_a_budget_keeps_what_it_shows_and_spreads_the_rest(budget, expected):
    shown = budgets.project(LOGITS, budget).exp()
    torch.testing.assert_close(shown, torch.as_tensor(expected))
    torch.testing.assert_close(shown.sum(1), torch.ones(2))


@pytest.mark.parametrize("budget", ["full", "top3", "top1", "hard"])
def test_a_very_sure_teacher_stays_finite_and_keeps_its_class(budget):
    logits = torch.tensor([[200.0, 0.0, -50.0, 1.0, -300.0]])
    shown = budgets.project(logits, budget)
    assert shown.isfinite().all()
    assert shown.argmax(1).item() == 0


def test_two_classes_have_but_full_and_hard():
    logits = torch.tensor([[0.3, -1.0]])
    torch.testing.assert_close(budgets.project(logits, "top1"), logits.log_softmax(1))


@pytest.mark.parametrize(
    ("budget", "right"),
    [("full", True), ("hard", True), ("top1", True), ("top20", True), ("top0", False)]
    + [(text, False) for text in ("top", "5", "topmost", "", "top-1")],
)
def test_which_budgets_there_are(budget, right):
    if right:
        assert Method(budget=budget).budget == budget
        return
    with pytest.raises(InputError, match="budget: must be full, hard or top<k>"):
        Method(budget=budget)
