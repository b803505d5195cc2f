"""Labels for rows that have none, from a network's features and predictions.

Four ways: the nearest class centroid, a transport of rows to centroids that gives each class
its share, what a row's neighbours are predicted to be, and groups of what spreads over the graph
of all rows. Those of a row's parts are ``naive_bayes``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

FAINT = 0.1  # of 1 / C: a class that is nowhere more probable is taken not to be there


def of_centroids(features: Tensor, logits: Tensor, shares: Tensor | None = None) -> Tensor:
    """Labels (N,) by the nearest class centroid, cosine distance, centroids refined once.

    Centroids are first means of features weighted by the predictions, then means over
    the labels these give. A class that no sample takes keeps its weighted centroid.

    Args:
        shares: where given, of each class (C,): the labels are then those of a transport of
            samples to centroids that gives each class its share (``transport``).

    Source: SHOT, arXiv:2002.08546, equations 6 to 8.
    """
    features = F.normalize(features, dim=1)
    weights = F.softmax(logits, dim=1)
    for _ in range(2):
        centroids = F.normalize(weights.T @ features, dim=1)
        near = features @ centroids.T
        labels = (near if shares is None else transport(near, shares)).argmax(1)
        hard = F.one_hot(labels, logits.shape[1]).to(weights)
        weights = torch.where(hard.sum(0) > 0, hard, weights)
    return labels


def transport(near: Tensor, shares: Tensor, cost: float = 20.0, rounds: int = 20) -> Tensor:
    """log of the plan (N, C) that moves samples to classes at least cost, smoothed by entropy.

    P = argmin -cost <P, near> - H(P), each row summing to 1 and column c to N shares[c]; by
    Sinkhorn's iteration in logarithms, rows last.

    Args:
        near: cosines (N, C) of samples and centroids.

    Source: Cuturi, "Sinkhorn Distances", arXiv:1306.0895, algorithm 1; for labels, Asano,
    Rupprecht, Vedaldi, arXiv:1911.05371, equations 5 to 7.
    """
    plan = cost * near
    columns = (len(near) * shares).clamp_min(1e-6).log()  # also of classes the source lacks
    for _ in range(rounds):
        plan = plan - plan.logsumexp(0, keepdim=True) + columns
        plan = plan - plan.logsumexp(1, keepdim=True)
    return plan


def of_neighbours(
    features: Tensor,
    logits: Tensor,
    shares: Tensor | None = None,
    neighbours: int = 10,
    kept: float = 0.1,
    rounds: int = 30,
) -> Tensor:
    """Labels (N,) by what the nearest rows are predicted to be, and theirs, and so on.

    Q = softmax(logits); ``rounds`` times Q <- (1 - ``kept``) W Q + ``kept`` softmax(logits), with
    W the weights of each row's nearest others, cosines to the third power that sum to 1. Groups of
    any form hold together, where a centroid's are balls.

    Args:
        shares: where given, of each class (C,): the labels are then those of a transport of
            rows to classes, at the cost -log Q, that gives each class its share.
        neighbours: of each row, itself not counted; fewer where there are no more rows.

    Source: Zhou et al., "Learning with Local and Global Consistency", NIPS 2003, as in Iscen et
    al., "Label Propagation for Deep Semi-supervised Learning", arXiv:1904.04717, equations 5 to
    9, of all predictions in place of some labels; for the transport ``transport``.
    """
    spread = spread_over(nearest(features, neighbours), F.softmax(logits, dim=1), kept, rounds)
    if shares is None:
        return spread.argmax(1)
    return transport(spread.clamp_min(1e-6).log(), shares, cost=3.0).argmax(1)


def of_graph(
    features: Tensor, logits: Tensor, neighbours: int = 30, kept: float = 0.02, rounds: int = 100
) -> Tensor:
    """Labels (N,) by what far rows are predicted to be, by way of all that lie between.

    Predictions spread over the graph of the rows' nearest others as in ``of_neighbours``, so far
    that a group of like rows says one thing. Each class is then measured by where it stands out,
    as none need be as frequent as the teacher says: Z_c = (Q_c - mean Q_c) / deviation of Q_c;
    and rows are grouped by Z (``groups``). Cosines are of features less their mean. A class that is
    said nowhere with ``FAINT`` of an even share has no group: its Z would be noise.

    Source: Zhou et al., as ``of_neighbours``; the groups are this project's.
    """
    weighted = nearest(features - features.mean(0), neighbours)
    spread = spread_over(weighted, F.softmax(logits, dim=1), kept, rounds)
    most = spread.max(0).values
    spread = spread - spread.mean(0)
    if spread.abs().max() < 1e-6:  # one row, or rows of which all is said alike
        return logits.argmax(1)
    standing = spread / spread.std(0, correction=0).clamp_min(1e-9)
    there = torch.nonzero(most > FAINT / logits.shape[1])[:, 0]
    return there[groups(standing[:, there])]


def groups(standing: Tensor, rounds: int = 50) -> Tensor:
    """Labels (N,) by the nearest of C means: k-means from the classes that stand out most.

    Args:
        standing: (N, C), how each class stands out at a row.
    """
    means = standing[standing.argmax(0)]  # (C, C); of a class that is given no row this stays
    labels = standing.argmax(1)
    for _ in range(rounds):
        hard = F.one_hot(labels, len(means)).to(standing)
        counts = hard.sum(0)[:, None]
        means = torch.where(counts > 0, hard.T @ standing / counts.clamp_min(1), means)
        labels = torch.cdist(standing, means).argmin(1)
    return labels


def spread_over(
    graph: tuple[Tensor, Tensor],
    predicted: Tensor,
    kept: float,
    rounds: int,
    held: int = 2**24,
) -> Tensor:
    """``rounds`` times Q <- (1 - ``kept``) W Q + ``kept`` P, from Q = P: (N, C).

    Args:
        graph: the weights W of each row's nearest others, and which these are (``nearest``).
        predicted: P, probabilities (N, C).
        held: probabilities of neighbours at a time, as those of all rows may not fit.
    """
    weights, others = graph
    at_once = max(1, held // (others.shape[1] * predicted.shape[1]))
    parts = list(zip(weights.split(at_once), others.split(at_once), strict=True))
    spread = predicted
    for _ in range(rounds):
        around = torch.cat([(one[:, :, None] * spread[of]).sum(1) for one, of in parts])
        spread = (1 - kept) * around + kept * predicted
    return spread


def nearest(features: Tensor, count: int, held: int = 2**24) -> tuple[Tensor, Tensor]:
    """Each row's nearest others by cosine: weights (N, K) that sum to 1, and rows (N, K).

    Args:
        held: cosines at a time, as those of all pairs may not fit.
    """
    directions = F.normalize(features, dim=1)
    rows = torch.arange(len(features), device=features.device)
    count = min(count, len(rows) - 1)
    if not count:  # a row alone is its own neighbour
        return features.new_ones(len(rows), 1), rows[:, None]
    found = []
    for some in rows.split(max(1, held // len(rows))):
        cosines = directions[some] @ directions.T
        cosines[rows[: len(some)], some] = -2  # no row is its own neighbour
        found.append(cosines.topk(count, dim=1))
    cosines = torch.cat([values for values, _ in found])
    weights = cosines.clamp_min(1e-6) ** 3  # of neighbours that are no neighbours, the same
    return weights / weights.sum(1, keepdim=True), torch.cat([where for _, where in found])
