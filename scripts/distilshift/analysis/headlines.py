"""The measure that an experiment is judged by, as a mean over samples.

Intervals, tests and the gap recovered are of means over seeds and samples. Balanced accuracy
and macro-F1 are no means of what is right, but each is the mean of its value plus the
influence of each sample on it, which sums to nothing. Such values may lie outside 0 to 1, and an
interval of their mean too: its ends are held to what the measure can be.
"""

import argparse

from distilshift.analysis.statistics import Interval

import numpy as np

HEADLINES = ("accuracy", "balanced_accuracy", "macro_f1")
BESIDE = ("auc",)  # is shown where they all are, and is none of them
# how each reads in a sentence, a heading and a figure
NAMES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "macro_f1": "macro-F1"}


def add_argument(parser: argparse.ArgumentParser) -> None:
    """The flag that says which it is."""
    about = "the measure that rows are held against one another by"
    parser.add_argument("--headline", choices=HEADLINES, default="accuracy", help=about)


def values(headline: str, predictions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(R, S, N) whose mean over the samples is the measure of each row and seed.

    Of accuracy: whether each prediction is right. Of the others: the measure plus the empirical
    influence of the sample,

        balanced accuracy   N / (C n_y) (1[p = y] - recall_y),
        macro-F1            N / C (2 1[p = y] / T_y - F_y / T_y - F_p / T_p),

    y the label, p the prediction, n_c the samples of a class, T_c those and what is predicted
    as it, C the classes that occur.

    Args:
        headline: one of ``HEADLINES``.
        predictions: (R, S, N) classes.
        labels: (N,) classes.

    Source: Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974.
    """
    if headline == "accuracy":
        return predictions == labels
    of = {"balanced_accuracy": _balanced_accuracy, "macro_f1": _macro_f1}[headline]
    classes = int(max(predictions.max(), labels.max())) + 1
    flat = predictions.reshape(-1, len(labels))
    return np.stack([of(said, labels, classes) for said in flat]).reshape(predictions.shape)


def of_one(found: Interval) -> Interval:
    """The interval of one row's measure, its ends held to 0 and 1."""
    return Interval(found.value, *np.clip(found[1:], 0, 1))


def of_difference(found: Interval) -> Interval:
    """The interval of two rows' difference, its ends held to -1 and 1."""
    return Interval(found.value, *np.clip(found[1:], -1, 1))


def _balanced_accuracy(said: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    support = np.bincount(labels, minlength=classes)
    is_right = said == labels
    recall = np.bincount(labels, is_right, classes) / support.clip(1)
    there = (support > 0).sum()
    pulls = len(labels) / (there * support[labels]) * (is_right - recall[labels])
    return recall.sum() / there + pulls


def _macro_f1(said: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    is_right = said == labels
    total = np.bincount(labels, minlength=classes) + np.bincount(said, minlength=classes)
    f1 = 2 * np.bincount(labels, is_right, classes) / total.clip(1)
    there = (total > 0).sum()
    share = f1 / total.clip(1)
    pulls = 2 * is_right / total[labels] - share[labels] - share[said]
    return f1.sum() / there + len(labels) / there * pulls
