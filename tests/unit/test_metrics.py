import pytest
import torch
import torchmetrics.functional.classification as reference

from distilshift import metrics

CLASSES = 10


def random(seed, scale=3.0, n=500):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, CLASSES, generator=generator) * scale
    labels = torch.randint(CLASSES - 2, (n,), generator=generator)  # two classes are absent
    logits[torch.arange(n), labels] += 1.5
    return logits, labels


REFERENCES = {
    "accuracy": lambda x, y: reference.multiclass_accuracy(x, y, CLASSES, average="micro"),
    "macro_f1": lambda x, y: reference.multiclass_f1_score(x, y, CLASSES, average="macro"),
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
    assert metrics.METRICS[name](logits, labels) == pytest.approx(expected, abs=1e-6)


def test_confusion_has_labels_in_rows():
    table = metrics.confusion(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]), 3)
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_perfect_predictions():
    labels = torch.arange(CLASSES)
    logits = 100.0 * torch.eye(CLASSES)
    measured = {name: metric(logits, labels) for name, metric in metrics.METRICS.items()}
    assert measured["accuracy"] == measured["macro_f1"] == 1
    assert all(measured[name] == pytest.approx(0, abs=1e-9) for name in ("nll", "brier", "ece"))
