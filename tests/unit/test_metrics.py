from functools import partial

from distilshift.analysis import metrics

import numpy as np
import pytest
import torch
import torchmetrics.functional.classification as reference

CLASSES = 10


def random(seed, scale=3.0, n=500):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, CLASSES, generator=generator) * scale
    labels = torch.randint(CLASSES - 2, (n,), generator=generator)  # two classes are absent
    logits[torch.arange(n), labels] += 1.5
    return logits, labels


def places(logits):
    """By each class's log-odds, 0 to 1: probabilities of nearly 1 are equal, their odds are not."""
    others = [logits[:, torch.arange(CLASSES) != of].logsumexp(1) for of in range(CLASSES)]
    odds = logits - torch.stack(others, 1)
    return odds.argsort(0).argsort(0) / len(odds)


AUROC = partial(reference.multiclass_auroc, num_classes=CLASSES, average="none")
REFERENCES = {
    "accuracy": lambda x, y: reference.multiclass_accuracy(x, y, CLASSES, average="micro"),
    # torchmetrics counts the two absent classes as recall 0 of all ten
    "balanced_accuracy": lambda x, y: reference.multiclass_recall(x, y, CLASSES, average="none")[
        y.unique()
    ].mean(),
    "macro_f1": lambda x, y: reference.multiclass_f1_score(x, y, CLASSES, average="macro"),
    "auc": lambda x, y: AUROC(places(x.double()), y)[:-2].mean(),
    "ece": lambda x, y: reference.multiclass_calibration_error(
        x.double().softmax(1), y, CLASSES, n_bins=15, norm="l1"
    ),
    "nll": lambda x, y: -x.double().softmax(1)[torch.arange(len(y)), y].log().mean(),
    "brier": lambda x, y: (
        ((x.double().softmax(1) - torch.eye(CLASSES, dtype=torch.double)[y]) ** 2).sum(1).mean()
    ),
}


def test_every_metric_has_a_reference():
    assert REFERENCES.keys() == metrics.METRICS.keys()


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_metrics_equal_their_reference(name, scale):
    logits, labels = random(1, scale)
    expected = float(REFERENCES[name](logits, labels))
    found = metrics.METRICS[name](logits.numpy(), labels.numpy())
    assert found == pytest.approx(expected, abs=1e-6)


def test_confusion_has_labels_in_rows():
    table = metrics.confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), 3)
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_perfect_predictions():
    labels = np.arange(CLASSES)
    logits = 100.0 * np.eye(CLASSES)
    measured = {name: metric(logits, labels) for name, metric in metrics.METRICS.items()}
    assert measured["accuracy"] == measured["balanced_accuracy"] == measured["macro_f1"] == 1
    assert all(measured[name] == pytest.approx(0, abs=1e-9) for name in ("nll", "brier", "ece"))


def test_balanced_accuracy_weighs_classes_not_samples():
    labels = np.array([0] * 90 + [1] * 10)
    always_0 = np.tile([1.0, 0.0], (100, 1))
    assert metrics.accuracy(always_0, labels) == 0.9
    assert metrics.balanced_accuracy(always_0, labels) == 0.5


def test_auc_counts_equal_ones_half_and_needs_two_classes():
    labels = np.array([0, 1, 1, 0])
    logits = np.array([[0, 1], [0, 1], [0, 2], [0, 0.5]])
    assert metrics.auc(logits, labels) == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert metrics.auc(np.zeros((4, 2)), labels) == 0.5
    assert np.isnan(metrics.auc(logits, np.zeros(4, int)))


@pytest.mark.parametrize("classes", [2, 3])
def test_auc_ranks_samples_whose_probabilities_are_all_1(classes):
    """A network that is sure of a class ranked nothing in it: all of its samples were ties."""
    labels = np.array([0, 0, 1, 1])
    logits = np.zeros((4, classes))
    logits[:, 0] = [400, 300, 200, 100]
    assert metrics.auc(logits, labels) == 1.0
    assert metrics.auc(logits, labels[::-1]) == 0.0
    assert metrics.auc(logits.astype(np.float32), labels) == 1.0


# ---- fidelity: labels 0 0 1 1 2; the teacher errs on the last three, with 0, 2 and 1
LABELS = np.array([0, 0, 1, 1, 2])
TEACHER = np.eye(3)[[0, 0, 0, 2, 1]]


def fidelity(predictions):
    student = np.eye(3)[predictions]
    return {name: f(student, TEACHER, LABELS) for name, f in metrics.FIDELITY.items()}


def test_a_student_that_copies_its_teacher():
    found = fidelity([0, 0, 0, 2, 1])
    expected = {"teacher_agreement": 1, "teacher_kl": 0, "errors_copied": 1}
    assert found == {**expected, "errors_corrected": 0}


def test_a_student_that_copies_one_error_corrects_one_and_makes_one_of_its_own():
    found = fidelity([0, 1, 0, 1, 0])
    assert found["teacher_agreement"] == 2 / 5
    assert found["errors_copied"] == found["errors_corrected"] == pytest.approx(1 / 3)


def test_the_divergence_is_from_the_teacher():
    student, teacher = np.log([[0.5, 0.5]]), np.log([[0.9, 0.1]])
    expected = 0.9 * np.log(0.9 / 0.5) + 0.1 * np.log(0.1 / 0.5)
    assert metrics.teacher_kl(student, teacher, LABELS) == pytest.approx(expected)


def test_a_teacher_without_an_error_has_none_to_copy():
    truth = np.eye(3)[LABELS]
    assert np.isnan(metrics.errors_copied(truth, truth, LABELS))
    assert np.isnan(metrics.errors_corrected(truth, truth, LABELS))
