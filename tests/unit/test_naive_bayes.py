from distilshift import networks
from distilshift.data import domains
from distilshift.learning import naive_bayes
from distilshift.learning.adaptations.naive_bayes import pairs
from distilshift.text.encoding import encode

import pytest
import torch


def dense(parts, rows):
    """0 or 1 for each row and part, by both lists, which must agree."""
    found = parts.of_parts(torch.eye(rows)).T
    means = parts.of_rows(torch.eye(len(parts.part_begins)))
    torch.testing.assert_close(means, found / found.sum(1, keepdim=True).clamp_min(1))
    return found


def sets_of(*sets):
    """The parts of sets of rows that are lists of hashes."""
    made = []
    for rows in sets:
        width = max(map(len, rows), default=1) or 1
        hashes = torch.zeros(len(rows), width, dtype=torch.int32)
        counted = torch.zeros(len(rows), width, dtype=torch.bool)
        for row, of in enumerate(rows):
            hashes[row, : len(of)] = torch.tensor(of, dtype=torch.int32)
            counted[row, : len(of)] = True
        batches = zip(hashes.split(2), counted.split(2), strict=True)
        made.append((naive_bayes.listed(batches), len(rows)))
    return naive_bayes.together(*made)


def learned(source, labels, target, classes=2, said=None):
    """p (N, C) of the target's rows, of parts of one sort."""
    return naive_bayes.expectation_maximisation(
        [sets_of(source, target)], labels, classes, said
    ).exp()


LEAST, MOST = -(2**31), 2**31 - 1


def test_a_part_counts_once_a_row_and_not_where_one_row_has_it():
    first, second = sets_of([[LEAST, 5, 5], [], [MOST, 7]], [[5, LEAST], [9, MOST]])
    # of the parts in order LEAST, 5, MOST; 7 and 9 are each in one row
    assert dense(first, 3).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert dense(second, 2).tolist() == [[1, 1, 0], [0, 0, 1]]


def by_hand(sorts, labels, classes, said=None):
    """The docstring's formula, of matrices of 0 and 1."""

    def weights(rows, shares):
        return (shares / shares.sum(0).clamp_min(1e-9)).T @ rows * len(labels) / classes

    p = said
    for _ in range(naive_bayes.ROUNDS + 1):
        means = []
        for source, target in sorts:
            theta = weights(source, torch.eye(classes)[labels]) + 0.5
            if p is not None:
                theta = theta + weights(target, p)
            theta = theta / theta.sum(1, keepdim=True)
            means.append(target @ theta.log().T / target.sum(1, keepdim=True).clamp_min(1))
        p = (30 * sum(means) / len(means)).exp()
        p[:, [c for c in range(classes) if c not in labels]] = 0
        p = p / p.sum(1, keepdim=True)
    return p


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("begun", [False, True])
def test_expectation_maximisation_is_its_formula(classes, begun):
    drawn = torch.Generator().manual_seed(0)
    have = [[torch.rand(n, f, generator=drawn) < 0.4 for n in (9, 7)] for f in (12, 30)]
    sorts = [
        sets_of(*([torch.nonzero(r)[:, 0].tolist() for r in x] for x in both)) for both in have
    ]
    labels = torch.arange(9) % 3 % classes  # of four classes one is not among them
    said = torch.rand(7, classes, generator=drawn).softmax(1) if begun else None
    log_p = naive_bayes.expectation_maximisation(sorts, labels, classes, said)
    matrices = [(dense(source, 9), dense(target, 7)) for source, target in sorts]
    expected = by_hand(matrices, labels, classes, said)
    torch.testing.assert_close(log_p.exp(), expected, atol=1e-5, rtol=1e-4)


def test_words_that_the_source_never_saw_are_learned_from_those_beside_them():
    # 1 and 2 tell the classes; 3 and 4 stand beside them in the target alone, which has more 4
    target = [[1, 3, 8]] * 2 + [[2, 4, 8]] * 5 + [[3], [4]]
    p = learned([[1, 8], [2, 8]] * 6, torch.arange(12) % 2, target)
    assert p.argmax(1).tolist() == [0] * 2 + [1] * 5 + [0, 1]
    assert p.max(1).values.min() > 0.9


@pytest.mark.parametrize("rows", [[[]], [[77]], [[], [3]]])
@pytest.mark.parametrize("source", [[[1], [2], [1], [2]], [[5], [6], [7], [8]]])
def test_a_row_of_no_known_part_is_of_any_class(source, rows):
    p = learned(source, torch.arange(4) % 2, rows)
    torch.testing.assert_close(p, torch.full((len(rows), 2), 0.5))


def test_parts_of_a_bag_are_those_it_sums_whatever_batch_a_text_is_in():
    texts = ["a fine film", "fine", "", "dull, dull and long: " * 3]
    header = {"data": "text", "input": {"length": 64}, "classes": ["a", "b"]}
    data = domains.Inputs(torch.from_numpy(encode(texts, 64)), torch.arange(4), header)
    model = networks.build("bag-8-8", 2, "text", {"length": 64}, seed=0)
    found = [pairs(model, data, batch) for batch in (1, 3, 256)]
    for sort, numbers in enumerate((1, 6)):  # "fine": a word; n-grams with its bounds
        first, rows = found[0][sort]
        assert rows == 4 and all(torch.equal(one[sort][0], first) for one in found)
        hashes, counted = model.parts(data.plain(torch.tensor([1])))[sort]
        of_fine = first[first // 2**32 == 1] % 2**32 - 2**31
        assert set(of_fine.tolist()) == set(hashes[counted].tolist())
        assert len(of_fine) >= numbers
