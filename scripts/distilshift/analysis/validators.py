"""Validators: how good is a network on the target, asked without the target's labels.

Pure functions of logits over unlabelled target inputs (N, C) and, for some, of logits over
held-out source inputs (M, C) and their labels (M,), or of which target inputs are near which
(N, K); higher is better. None of them sees a network that gives every image one class, or too
few: that is what the alarm is for.

Where cost grows with the square of N, at most ``MOST`` samples are drawn, always the same.
To add a validator write a function and name it in ``OF_TARGET`` or ``OF_BOTH``, and in the
config's schema under ``requirement``.
"""

import itertools
from collections.abc import Sequence

from distilshift.analysis.metrics import accuracy, log_softmax, softmax

import numpy as np
from scipy.stats import rankdata
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_mutual_info_score

MOST = 2000


def drawn(count: int) -> np.ndarray:
    """Which of so many rows are looked at: at most ``MOST``, drawn once for all, in order."""
    if count <= MOST:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, MOST, replace=False))


def some(logits: np.ndarray) -> np.ndarray:
    """At most ``MOST`` of the rows, always the same."""
    return logits[drawn(len(logits))]


def centred(logits: np.ndarray) -> np.ndarray:
    """Logits less their mean, row by row: what the softmax does not see must not count."""
    return logits - logits.mean(1, keepdims=True)


def entropy(target: np.ndarray) -> float:
    """Mean over samples of sum_c p_c log p_c: minus the mean entropy, -log C to 0 nats.

    Source: Morerio, Cavazza, Murino, "Minimal-Entropy Correlation Alignment for
    Unsupervised Deep Domain Adaptation", arXiv:1711.10288, section 4.
    """
    log_p = log_softmax(target)
    return float((np.exp(log_p) * log_p).sum(1).mean())


def information_maximisation(target: np.ndarray) -> float:
    """H(mean of p) - mean of H(p): sure of each sample, undecided over all; 0 to log C nats.

    It takes the target's classes for equally frequent.

    Source: Shi, Sha, "Information-Theoretical Learning of Discriminative Clusters for
    Unsupervised Domain Adaptation", arXiv:1206.6438, equation 7.
    """
    mean = softmax(target).mean(0)
    return float(-(mean * np.log(np.maximum(mean, 1e-300))).sum()) + entropy(target)


def snd(target: np.ndarray, temperature: float = 0.05) -> float:
    """Soft neighbourhood density: mean entropy of softmax over neighbours of s_ij / T, nats.

    s_ij is the cosine of the class probabilities of samples i and j != i. Dense
    neighbourhoods have many alike neighbours, and so a high entropy: 0 to log(N - 1); 0 of one
    row, which has no neighbour.

    Source: Saito et al., "Tune it the Right Way: Unsupervised Validation of Domain
    Adaptation via Soft Neighborhood Density", arXiv:2108.10860, equations 1 to 3.
    """
    p = softmax(some(target))
    if len(p) == 1:
        return 0.0
    p /= np.linalg.norm(p, axis=1, keepdims=True)
    alike = p @ p.T / temperature
    others = alike[~np.eye(len(p), dtype=bool)].reshape(len(p), -1)
    return -entropy(others)


def bnm(target: np.ndarray) -> float:
    """Nuclear norm of the probabilities (N, C) over sqrt(N C), its bound: 0 to 1.

    High where predictions are sure and of many classes.

    Source: Cui et al., "Towards Discriminability and Diversity: Batch Nuclear-norm
    Maximization", arXiv:2003.12237, equation 7, here of all samples at once.
    """
    p = softmax(target)
    squares = np.linalg.eigvalsh(p.T @ p)  # of the singular values; C x C whatever N is
    return float(np.sqrt(squares.clip(0)).sum() / np.sqrt(p.size))


def class_cluster(target: np.ndarray) -> float:
    """Adjusted mutual information of predicted classes and C k-means clusters of the logits.

    1 where they are the same partition, about 0 by chance. Of fewer rows than classes there are as
    many clusters as rows.

    Source: Musgrave, Belongie, Lim, "Three New Validators and a Large-Scale Benchmark
    Ranking for Unsupervised Domain Adaptation", arXiv:2208.07360, section 3 (there of
    normalised features).
    """
    z = centred(some(target))
    number = min(z.shape[1], len(z))
    clusters = KMeans(number, n_init=4, random_state=0).fit_predict(z)
    return float(adjusted_mutual_info_score(z.argmax(1), clusters))


def neighbour_information(target: np.ndarray, neighbours: np.ndarray) -> float:
    """Mutual information of what is said of a row and of one near it: 0 to log C nats.

    sum_cd Q_cd log(Q_cd / (Q_c Q_d)), with Q the mean of p_i p_j' over rows i and each one's
    neighbours j, made symmetric. It is low where a border between classes runs through rows that
    are alike, wherever the classes' shares lie, and where two groups are called one.

    Args:
        neighbours: (N, K), of each of the N rows the places among them of those that are near.

    Source: Ji, Henriques, Vedaldi, "Invariant Information Clustering for Unsupervised Image
    Classification and Segmentation", arXiv:1807.06653, equations 2 and 3, there of an image and
    its transform.
    """
    p = softmax(target)
    together = p.T @ p[neighbours].mean(1) / len(p)
    together = np.maximum((together + together.T) / 2, 1e-300)
    share = together.sum(1)
    return max(0.0, float((together * np.log(together / np.outer(share, share))).sum()))


def known_by_neighbours(labels: np.ndarray, neighbours: np.ndarray) -> float:
    """How far the class of a row (N,) is that of rows near it (N, K): 0 as by chance, to 1.

    Of labelled rows it says whether neighbours are worth asking. Cohen's kappa, (o - e) / (1 - e),
    of a row's label and a neighbour's: they are the same as often as o, by chance as e.

    Source: Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological
    Measurement 20 (1960).
    """
    same = (labels[neighbours] == labels[:, None]).mean()
    by_chance = ((np.bincount(labels) / len(labels)) ** 2).sum()
    return float((same - by_chance) / (1 - by_chance)) if by_chance < 1 else 0.0


def known_by_seeds(labels: np.ndarray, predictions: Sequence[np.ndarray]) -> float:
    """How often two seeds say another thing, for each time that one is wrong of labels (N,).

    Of labelled rows it says whether two seeds' agreement is worth asking as an accuracy: 1 where
    they are equally likely to be right and to agree; towards 0 where all are wrong alike, as heads
    on one frozen body are. 0 where nothing can be known: one seed, or no error.

    Args:
        predictions: of each seed the classes (N,).

    Source: the equality of Jiang, Nagarajan, Baek, Kolter, "Assessing Generalization of SGD via
    Disagreement", arXiv:2106.13799, theorem 4.1, here as a ratio.
    """
    apart = [(one != other).mean() for one, other in itertools.combinations(predictions, 2)]
    wrong = np.mean([(one != labels).mean() for one in predictions]) if apart else 0.0
    return float(np.mean(apart) / wrong) if wrong else 0.0


def source_accuracy(target: np.ndarray, source: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy on the source's test half."""
    return accuracy(source, labels)


def importance_weighted(target: np.ndarray, source: np.ndarray, labels: np.ndarray) -> float:
    """Source accuracy, each sample weighted by p_target / p_source of its logits.

    sum_i w_i [right_i] / sum_i w_i, with w_i = (M / N) d_i / (1 - d_i), where d_i is the
    probability of "target" that a logistic regression on the logits gives the sample.

    Source: Sugiyama, Krauledat, Müller, "Covariate Shift Adaptation by Importance Weighted
    Cross Validation", JMLR 8 (2007), equation 7, self-normalised; density ratios by a
    classifier as in Bickel, Brückner, Scheffer, ICML 2007.
    """
    of_target, of_source = centred(some(target)), centred(source)
    both = np.concatenate([of_source, of_target]).astype(float)
    scale = both.std(0)
    both = (both - both.mean(0)) / np.where(scale > 0, scale, 1)
    is_target = np.arange(len(both)) >= len(source)
    classifier = LogisticRegression(max_iter=1000).fit(both, is_target)
    odds = np.exp(classifier.decision_function(both[: len(source)]))  # M / N cancels
    right = source.argmax(1) == labels
    return float((odds * right).sum() / odds.sum())


OF_TARGET = {
    "entropy": entropy,
    "information_maximisation": information_maximisation,
    "snd": snd,
    "bnm": bnm,
    "class_cluster": class_cluster,
}
OF_BOTH = {"source_accuracy": source_accuracy, "importance_weighted": importance_weighted}
NEIGHBOURS = "neighbour_information"
WORTH_ASKING = 0.5  # who knows as much of the source's labels (known_by_neighbours, known_by_seeds)
CONTRADICTED = 0.5  # a teacher of less than this share of the most neighbour information there is
AGREEMENT = "agreement"  # of two networks' predictions, see validate.py
SEED_AGREEMENT = "seed_agreement"  # the same, of two seeds' networks
TEACHER_FIRST = "teacher_first"  # of a seed's networks among each other, see validate.py
NAMES = [*OF_TARGET, NEIGHBOURS, *OF_BOTH, AGREEMENT, SEED_AGREEMENT, TEACHER_FIRST]

# ---- networks among each other


def standing(*scores: Sequence[float]) -> np.ndarray:
    """Mean of M networks' ranks by several scores of each: 1 / M for the least of all, to 1.

    Equals share a rank. It compares networks, and says nothing of one alone.

    Source: Borda's count, as in Dwork et al., "Rank Aggregation Methods for the Web", WWW 2001.
    """
    return np.mean([rankdata(score) / len(score) for score in scores], axis=0)


# ---- the collapse alarm


def coverage(predictions: np.ndarray, classes: int) -> float:
    """exp(H(shares of the predicted classes)) / C: 1 / C for one class, 1 for all alike."""
    share = np.bincount(predictions, minlength=classes) / len(predictions)
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()) / classes)


def starved(predictions: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """The source share of the classes that the predictions have all but lost.

    A class is starved if it is predicted for less than a tenth of its share among the
    source's labels (M,): 1 / (10 C) of the target's samples where classes are balanced.
    """
    predicted, known = (
        np.bincount(values, minlength=classes) / len(values) for values in (predictions, labels)
    )
    return float(known[predicted < known / 10].sum())


def collapsed(predictions: np.ndarray, labels: np.ndarray, classes: int) -> bool:
    """Whether the starved classes are a twentieth of the source or more.

    One class of ten is, one of three hundred is not: rare classes may be few, or hard. A
    target whose classes are ten times rarer than the source's raises a false alarm.
    """
    return starved(predictions, labels, classes) >= 0.05
