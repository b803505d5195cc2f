"""Measures of predictions: pure functions of logits (N, C) and labels (N,).

Written out because importing torchmetrics takes longer than a whole evaluation; the
tests hold each against torchmetrics.
"""

import numpy as np
from scipy import special


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """log(exp(z_c) / sum_k exp(z_k)), row by row, in double precision."""
    shifted = logits - logits.max(1, keepdims=True).astype(float)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(logits))


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of samples whose largest logit is that of the label."""
    return float((logits.argmax(1) == labels).mean())


def confusion(predictions: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Counts (C, C): row the label, column the prediction."""
    pairs = np.bincount(labels * classes + predictions, minlength=classes**2)
    return pairs.reshape(classes, classes)


def balanced_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the classes that occur of the share of their samples that is right."""
    table = confusion(logits.argmax(1), labels, logits.shape[1])
    support = table.sum(1)
    present = support > 0
    return float((table.diagonal()[present] / support[present]).mean())


def macro_f1(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean over classes of F1 = 2 TP / (2 TP + FP + FN); classes absent from both count not."""
    table = confusion(logits.argmax(1), labels, logits.shape[1])
    hits, total = table.diagonal(), table.sum(0) + table.sum(1)
    return float((2 * hits[total > 0] / total[total > 0]).mean())


def auc(logits: np.ndarray, labels: np.ndarray) -> float:
    """Chance that a sample of a class is given more of it than one of another: mean over classes.

    The area under the ROC curve of each class's probability against the rest, equal ones half.
    Over the classes that occur; nan where only one does. Samples are ranked by the log-odds
    z_c - log(sum_{k != c} exp(z_k)): probabilities of nearly 1 would all be equal.
    """
    found = []
    logits = logits.astype(float)
    for of in range(logits.shape[1]):
        column = logits[:, of] - special.logsumexp(np.delete(logits, of, axis=1), axis=1)
        is_it = labels == of
        count, others = is_it.sum(), (~is_it).sum()
        if count == 0 or others == 0:
            continue
        _, place, equal = np.unique(column, return_inverse=True, return_counts=True)
        middle = equal.cumsum() - (equal - 1) / 2  # the mean rank of equal ones, from 1
        found.append((middle[place[is_it]].sum() / count - (count + 1) / 2) / others)
    return float(np.mean(found)) if found else np.nan


def nll(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood of the labels, nats."""
    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())


def brier(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared distance of the probabilities from the one-hot label, 0 to 2."""
    distance = softmax(logits)
    distance[np.arange(len(labels)), labels] -= 1
    return float((distance**2).sum(1).mean())


def ece(logits: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins of confidence.

    Source: Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599, eq. 3.
    """
    probabilities = softmax(logits)
    confidence, predicted = probabilities.max(1), probabilities.argmax(1)
    place = np.ceil(confidence * bins).astype(int).clip(1, bins) - 1
    gaps = np.bincount(place, (predicted == labels) - confidence, bins)
    return float(np.abs(gaps).sum() / len(labels))


METRICS = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "auc": auc,
    "nll": nll,
    "brier": brier,
    "ece": ece,
}

OF_PROBABILITIES = ("nll", "brier", "ece")  # what calibration changes
UNCALIBRATED = "uncalibrated"  # ends the names of these measures of logits without it

# ---- what a student took over from its teacher: functions of both their logits and labels


def teacher_agreement(student: np.ndarray, teacher: np.ndarray, labels: np.ndarray) -> float:
    """Share of samples of which both say the same class, right or wrong.

    Source: Stanton et al., "Does Knowledge Distillation Really Work?", arXiv:2106.05945.
    """
    return float((student.argmax(1) == teacher.argmax(1)).mean())


def teacher_kl(student: np.ndarray, teacher: np.ndarray, labels: np.ndarray) -> float:
    """Mean KL(softmax(teacher) || softmax(student)), nats."""
    log_teacher = log_softmax(teacher)
    gap = np.exp(log_teacher) * (log_teacher - log_softmax(student))
    return float(gap.sum(1).mean())


def errors_copied(student: np.ndarray, teacher: np.ndarray, labels: np.ndarray) -> float:
    """Of the samples the teacher gets wrong, the share with the same wrong class; nan of none."""
    wrong = teacher.argmax(1) != labels
    same = student.argmax(1) == teacher.argmax(1)
    return float(same[wrong].mean()) if wrong.any() else np.nan


def errors_corrected(student: np.ndarray, teacher: np.ndarray, labels: np.ndarray) -> float:
    """Of the samples the teacher gets wrong, the share the student gets right; nan of none."""
    wrong = teacher.argmax(1) != labels
    return accuracy(student[wrong], labels[wrong]) if wrong.any() else np.nan


FIDELITY = {
    "teacher_agreement": teacher_agreement,
    "teacher_kl": teacher_kl,
    "errors_copied": errors_copied,
    "errors_corrected": errors_corrected,
}

# what is a share of 1, and shown in percent; others are in nats, or squared distances
SHARES = ("accuracy", "balanced_accuracy", "macro_f1", "auc", "ece", "teacher_agreement")
SHARES += ("errors_copied", "errors_corrected")


def calibrated(name: str) -> str:
    """The measure's name without the ending that says it is of logits as they were."""
    return name.removesuffix(f"_{UNCALIBRATED}")
