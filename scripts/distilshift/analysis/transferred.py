"""What a student took over from its teacher, beyond being as accurate: pure functions of pairs.

Two networks that are right on most rows agree on most rows, whoever taught them. So every
measure is taken of three pairs:

    teacher        a student, and the teacher that it was distilled from
    other teacher  that student, and teachers of the same adaptation and another seed
    control        a student of about that accuracy which was trained otherwise, and the teacher

and what the first has above the other two is what was handed on: above ``other teacher`` what is
that teacher's own, above ``control`` what does not come with being so accurate. A measure that
can be large for a reason of its own has a null: the same of the two networks, with the rows of
the second put in another order, each for another row of its class (``partners``).

Source: of the question, the controls and the kinds of measure, Ojha et al., "What Knowledge Gets
Distilled in Knowledge Distillation?", arXiv:2205.16004.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from distilshift.seeds import seed_from

import numpy as np
import pandas as pd
from scipy import stats

AGAINST = ("teacher", "other teacher", "control")
OVER = {f"over {name}": name for name in AGAINST[1:]}  # what ``teacher`` has above these
# what a figure shows of them, and by what name
MEASURES = {
    "excess_agreement": "excess agreement",
    "error_consistency": "error consistency, κ",
    "errors_shared": "errors shared",
    "gradients": "input gradients, ρ",
    "adversarial": "adversarial transfer",
    "change_1": "change under a shift, r",
    "cka": "last features, CKA",
}
NULL = "_null"  # ends the name of a measure whose rows were put in another order
LEVEL = 0.95
MATCHED = 0.05  # a control whose accuracy lies further off is none that matches

# ---- what two networks say of N rows, as classes (N,)


def excess_agreement(one: np.ndarray, other: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """Agreement above what both accuracies alone would give.

    With a and b the accuracies, errors independent of one another and every wrong one of the
    C - 1 classes as likely,

        mean 1[one = other] - (a b + (1 - a) (1 - b) / (C - 1)).

    Source: the same reference, for whether both are right, is that of Mania et al., "Model
    Similarity Mitigates Test Set Overuse", arXiv:1905.12580, section 3.
    """
    a, b = (one == labels).mean(), (other == labels).mean()
    by_chance = a * b + (1 - a) * (1 - b) / (classes - 1)
    return float((one == other).mean() - by_chance)


def error_consistency(one: np.ndarray, other: np.ndarray, labels: np.ndarray) -> float:
    """Cohen's kappa of being right: 1 for errors on the same rows, 0 for independent ones.

    With a and b the accuracies and c the share of rows that both or neither get right,
    (c - e) / (1 - e), e = a b + (1 - a) (1 - b). nan where e is 1: there are no errors, or
    nothing else.

    Source: Geirhos, Meding, Wichmann, "Beyond accuracy", arXiv:2006.16736, eqs. 1 and 3.
    """
    first, second = one == labels, other == labels
    a, b = first.mean(), second.mean()
    expected = a * b + (1 - a) * (1 - b)
    if expected >= 1:
        return np.nan
    return float(((first == second).mean() - expected) / (1 - expected))


def errors_shared(one: np.ndarray, other: np.ndarray, labels: np.ndarray) -> float:
    """Of the rows that either gets wrong, the share with the same wrong class from both.

    The Jaccard index of two sets of errors, an error being a row and a class. nan of no errors.
    """
    either = (one != labels) | (other != labels)
    return float((one == other)[either].mean()) if either.any() else np.nan


def same_wrong(one: np.ndarray, other: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """Of the rows that both get wrong, the share with the same wrong class.

    nan where there is no such row, and for two classes, which leave no choice of a wrong one.
    """
    both = (one != labels) & (other != labels)
    return float((one == other)[both].mean()) if both.any() and classes > 2 else np.nan


# ---- of arrays a row, (N, D), by the same rows in both


def correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pearson's, of each row of one with that of the other: (N,), nan where either is constant."""
    first, second = (values - values.mean(1, keepdims=True) for values in (one, other))
    scale = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(scale > 0, (first * second).sum(1) / scale, np.nan)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's, of each row of one with that of the other; the mean over rows that have one.

    Equal values share a rank. Of gradients with regard to the input it says how far two
    networks answer alike to the same small changes of a row.

    Source: Adebayo et al., "Sanity Checks for Saliency Maps", arXiv:1810.03292, section 3.
    """
    found = correlation(*(stats.rankdata(values, axis=1) for values in (one, other)))
    return mean(found)


def change_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation of two networks' changes of output, over all rows and classes.

    Args:
        one, other: (N, C), what was added to each row's logits when its input was shifted a
            little. What is added to all of a row's is left out: no probability hangs on it.
    """
    centred = (change - change.mean(1, keepdims=True) for change in (one, other))
    (found,) = correlation(*(change.reshape(1, -1) for change in centred))
    return float(found)


def cka(one: np.ndarray, other: np.ndarray) -> float:
    """Linear centred kernel alignment of features (N, D) and (N, E), 0 to 1.

    With X and Y less their means over the rows, |Y'X|^2 / (|X'X| |Y'Y|), Frobenius' norms. It
    ignores rotations and one scale for all features. With few rows and many features it is
    large for any two networks; its null shows how large. nan where either is constant.

    Source: Kornblith et al., "Similarity of Neural Network Representations Revisited",
    arXiv:1905.00414, section 3 and table 1.
    """
    first, second = (values - values.mean(0) for values in (one, other))
    scale = np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second)
    return float(np.linalg.norm(second.T @ first) ** 2 / scale) if scale > 0 else np.nan


def transfer_rate(before: np.ndarray, after: np.ndarray, fooled: np.ndarray) -> float:
    """Of the rows on which an attack fooled its own network, the share that fools another too.

    Args:
        before, after: (N,) whether that other network is right without and with the attack;
            rows that it got wrong without count not.
        fooled: (N,) whether the attacked network was right without it, and is wrong with it.

    Source: Papernot, McDaniel, Goodfellow, "Transferability in Machine Learning",
    arXiv:1605.07277, section 2.
    """
    asked = before & fooled
    return float((~after)[asked].mean()) if asked.any() else np.nan


class Probe(NamedTuple):
    """What a network answers on a few rows, as ``probes.Few`` asks it.

    features: (n, width), what its last layer reads.
    gradients: (n, ...) of the label's score with regard to the input; None where there is none.
    changes: by the strength of a shift of the input, what it adds to the logits (n, C).
    """

    features: np.ndarray
    gradients: np.ndarray | None
    changes: dict[float, np.ndarray]


def of_answers(one: np.ndarray, other: np.ndarray, labels: np.ndarray, classes: int) -> dict:
    """The measures of what two networks say."""
    return {
        "excess_agreement": excess_agreement(one, other, labels, classes),
        "error_consistency": error_consistency(one, other, labels),
        "errors_shared": errors_shared(one, other, labels),
        "same_wrong": same_wrong(one, other, labels, classes),
    }


def of_probes(one: Probe, other: Probe, partners: np.ndarray) -> dict[str, float]:
    """The measures of what two networks answer on the same rows, each with its null.

    Args:
        partners: (n,) the row that another's place is taken by, or -1.
    """
    asked = {"cka": (cka, one.features, other.features)}
    if one.gradients is not None and other.gradients is not None:
        flat = (values.reshape(len(values), -1) for values in (one.gradients, other.gradients))
        asked["gradients"] = (rank_correlation, *flat)
    for strength in one.changes.keys() & other.changes.keys():
        changes = one.changes[strength], other.changes[strength]
        asked[f"change_{strength:g}"] = (change_correlation, *changes)
    has, found = partners >= 0, {}
    for name, (function, first, second) in sorted(asked.items()):
        found[name] = function(first, second)
        is_enough = has.sum() > 1  # rows may all be of classes of their own
        found[name + NULL] = function(first[has], second[partners[has]]) if is_enough else np.nan
    return found


def partners(labels: np.ndarray, *names: object) -> np.ndarray:
    """Another row of the same class for each row, (N,), each taken once; -1 where there is none.

    Args:
        labels: (N,) classes.
        names: what the order, a random one, derives from.
    """
    generator = np.random.default_rng(seed_from("partners", *names))
    found = np.full(len(labels), -1)
    for label in np.unique(labels):
        order = generator.permutation(np.flatnonzero(labels == label))
        if len(order) > 1:
            found[order] = np.roll(order, 1)
    return found


# ---- who is held against whom, and what all seeds say together


class Row(NamedTuple):
    """A row of a cell's ladder."""

    method: str
    adaptation: str | None
    round: int

    @property
    def is_labelled(self) -> bool:
        """Whether it learned from labels alone: source-only, the oracle, one of few labels."""
        return self.adaptation is None


def control_of(row: Row, accuracies: Mapping[Row, float], seeds: int) -> Row | None:
    """The student of the nearest accuracy that was trained otherwise; of equal ones the first.

    Those that learned from labels, and those distilled from another adaptation: of other seeds,
    so that no source teacher is behind both. None where there is none.

    Args:
        accuracies: on the target's test half, mean over the seeds, of every student of the cell.
        seeds: how many there are.
    """
    able = [
        other
        for other in accuracies
        if other.is_labelled or (seeds > 1 and other.adaptation != row.adaptation)
    ]
    return min(able, key=lambda other: abs(accuracies[other] - accuracies[row]), default=None)


def pairs(seed: int, seeds: list[int], control: Row | None) -> Iterator[tuple[str, str, int, int]]:
    """Who is held against whom for a seed: (against, whose, its seed, the teacher's seed).

    ``whose`` is the student or the control. A control that learned from labels is that of the
    seed, and shares first weights and batches with the student; another is of all other seeds.
    """
    others = [other for other in seeds if other != seed]
    yield "teacher", "student", seed, seed
    for other in others:
        yield "other teacher", "student", seed, other
    if control is not None:
        for other in [seed] if control.is_labelled else others:
            yield "control", "control", other, seed


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean over seeds, and the ends of its 95 % interval by Student's t; nan are no values.

    No ends of a single seed, and no mean of none.
    """
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    if len(known) < 2:
        return (float(known[0]) if len(known) else np.nan), np.nan, np.nan
    reach = stats.t.ppf((1 + LEVEL) / 2, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known))
    return float(known.mean()), float(known.mean() - reach), float(known.mean() + reach)


KEYS = ["transfer", "network", "method", "adaptation", "round", "row", "control"]


def table(measured: pd.DataFrame) -> pd.DataFrame:
    """One line a row of the ladder, what it is held against, and measure: mean and interval.

    Beside those of ``AGAINST`` stand, of each seed before the mean is taken, the differences
    ``OVER``. Student's t takes the seeds for independent, and another seed's teachers are among
    all of theirs: intervals of ``other teacher`` are a little narrow.

    Args:
        measured: columns ``KEYS``, seed, against, measure, value: one value each.
    """
    lines = []
    for key, row in measured.groupby(KEYS, sort=False, dropna=False):
        known = dict(zip(KEYS, key, strict=True))
        for measure, one in row.groupby("measure", sort=False):
            by_seed = one.pivot(index="seed", columns="against", values="value")
            by_seed = by_seed[list(dict.fromkeys(one["against"]))]
            compared = not measure.endswith(NULL) and measure != "accuracy"
            for name, other in OVER.items() if compared else ():
                if {"teacher", other} <= set(by_seed):
                    by_seed[name] = by_seed["teacher"] - by_seed[other]
            for against, values in by_seed.items():
                value, low, high = interval(values.to_numpy())
                found = {"against": against, "measure": measure, "value": value}
                seeds = int(values.notna().sum())
                lines.append({**known, **found, "low": low, "high": high, "seeds": seeds})
    columns = [*KEYS, "against", "measure", "value", "low", "high", "seeds"]
    return pd.DataFrame(lines, columns=columns)


def mean(values: np.ndarray) -> float:
    """Of the values that are not nan; nan of none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
