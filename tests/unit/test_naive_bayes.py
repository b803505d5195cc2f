from distilshift import networks
from distilshift.data import domains
from distilshift.learning import naive_bayes
from distilshift.learning.adaptations.naive_bayes import pairs
from distilshift.text.encoding import encode

import pytest
import torch


def dense(parts, rows):
    """0 or 1 for each row and part, by both lists, which must agree."""
    by_row = parts.of_rows(torch.eye(len(parts.part_begins)))
    by_part = parts.of_parts(torch.eye(rows))
    assert torch.equal(by_row, by_part.T)
    return by_row


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


LEAST, MOST = -(2**31), 2**31 - 1


def test_a_part_counts_once_a_row_and_not_where_one_row_has_it():
    first, second = sets_of([[LEAST, 5, 5], [], [MOST, 7]], [[5, LEAST], [9, MOST]])
    # of the parts in order LEAST, 5, MOST; 7 and 9 are each in one row
    assert dense(first, 3).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert dense(second, 2).tolist() == [[1, 1, 0], [0, 0, 1]]


def by_hand(source, labels, target, classes, said=None):
    """The docstring's formula, of matrices of 0 and 1."""

    def weights(rows, shares):
        even = shares / shares.sum(0).clamp_min(1e-9) * len(source) / classes
        return even.T @ torch.stack(list(rows))

    known = weights(source, torch.eye(classes)[labels])
    p = said
    for _ in range(naive_bayes.ROUNDS + 1):
        theta = known + (0 if p is None else weights(target, p)) + 0.5
        theta = theta / theta.sum(1, keepdim=True)
        product = torch.stack([theta.log() @ row for row in target]) / 3
        p = product.softmax(1)
    return p


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("begun", [False, True])
def test_expectation_maximisation_is_its_formula(classes, begun):
    drawn = torch.Generator().manual_seed(0)
    have = [torch.rand(n, 12, generator=drawn) < 0.4 for n in (9, 7)]
    source, target = sets_of(*([torch.nonzero(r)[:, 0].tolist() for r in x] for x in have))
    labels = torch.arange(9) % 3 % classes  # of four classes one is not among them
    said = torch.rand(7, classes, generator=drawn).softmax(1) if begun else None
    log_p = naive_bayes.expectation_maximisation(source, labels, target, classes, said)
    expected = by_hand(dense(source, 9), labels, dense(target, 7), classes, said)
    torch.testing.assert_close(log_p.exp(), expected, atol=1e-5, rtol=1e-4)


def test_words_that_the_source_never_saw_are_learned_from_those_beside_them():
    # 1 and 2 tell the classes; 3 and 4 stand beside them in the target alone, which has more 4
    source, target = sets_of([[1, 8], [2, 8]] * 6, [[1, 3, 8]] * 2 + [[2, 4, 8]] * 5 + [[3], [4]])
    labels = torch.arange(12) % 2
    log_p = naive_bayes.expectation_maximisation(source, labels, target, 2)
    assert log_p.argmax(1).tolist() == [0] * 2 + [1] * 5 + [0, 1]


@pytest.mark.parametrize("rows", [[[]], [[77]], [[], [3]]])
def test_a_row_of_no_known_part_is_of_any_class(rows):
    source, target = sets_of([[1], [2], [1], [2]], rows)
    log_p = naive_bayes.expectation_maximisation(source, torch.arange(4) % 2, target, 2)
    torch.testing.assert_close(log_p.exp(), torch.full((len(rows), 2), 0.5))


def test_parts_of_a_bag_are_those_it_sums_whatever_batch_a_text_is_in():
    texts = ["a fine film", "fine", "", "dull, dull and long: " * 3]
    header = {"data": "text", "input": {"length": 64}, "classes": ["a", "b"]}
    data = domains.Inputs(torch.from_numpy(encode(texts, 64)), torch.arange(4), header)
    model = networks.build("bag-8-8", 2, "text", {"length": 64}, seed=0)
    found = [pairs(model, data, batch) for batch in (1, 3, 256)]
    assert all(torch.equal(one, found[0][0]) and rows == 4 for one, rows in found)
    other = model.parts(data.plain(torch.tensor([1])))
    hashes = set(other[0][other[1]].tolist())
    of_fine = found[0][0][found[0][0] // 2**32 == 1] % 2**32 - 2**31
    assert set(of_fine.tolist()) == hashes and len(hashes) > 3
