import json

from distilshift.errors import InputError
from distilshift.files import kept, logits
from distilshift.learning.losses import kd

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

F32, F16 = np.dtype("<f4"), np.dtype("<f2")
CLASSES = 20


def rows(n=6, classes=CLASSES, seed=0):
    generator = np.random.default_rng(seed)
    ids = generator.permutation(10 * n)[:n].astype(np.int64)
    return ids, generator.normal(0, 2, (n, classes)).astype(np.float32)


def again(keep, values, ids, view=0, seed=0):
    return kept.unpack(keep, kept.pack(keep, values, ids, view, seed))


def test_the_largest_come_back_and_the_rest_is_even():
    ids, values = rows()
    keep = kept.parsed("top3", CLASSES, F32)
    found, log_p = again(keep, values, ids), log_softmax(values.astype(float), 1)
    largest = np.argsort(-values, 1)[:, :3]
    np.testing.assert_allclose(
        np.take_along_axis(found, largest, 1), np.take_along_axis(log_p, largest, 1), atol=1e-6
    )
    np.testing.assert_allclose(np.exp(found.astype(float)).sum(1), 1, atol=1e-6)
    for row, own in zip(found, largest, strict=True):
        assert len(np.unique(np.delete(row, own))) == 1


def test_all_but_one_are_all():
    ids, values = rows()
    keep = kept.parsed(f"top{CLASSES - 1}", CLASSES, F32)
    np.testing.assert_allclose(again(keep, values, ids), log_softmax(values, 1), atol=1e-5)


def test_a_sure_row_stays_finite():
    values = np.array([[200.0, 0.0, -200.0]], np.float32)
    for text in ("top1", "sample4"):
        for dtype in (F32, F16):
            found = again(kept.parsed(text, 3, dtype), values, np.array([7]))
            assert np.isfinite(found).all() and found[0].argmax() == 0
            np.testing.assert_allclose(np.exp(found[0, 0]), 1)


@pytest.mark.parametrize(
    ("text", "dtype", "width"),
    [("top10", F16, 42), ("top10", F32, 64), ("sample25", F32, 50), ("top1", F16, 6)],
)
def test_bytes_a_row(text, dtype, width):
    keep = kept.parsed(text, 1000, dtype)
    ids, values = rows(classes=1000)
    assert keep.width == width == kept.pack(keep, values, ids, 0, 0).shape[1]


def test_draws_are_of_the_sample_its_view_and_the_seed_alone():
    ids, values = rows()
    keep = kept.parsed("sample9", CLASSES, F32)
    whole = kept.draws(keep, values, ids, 0, 3)
    assert np.array_equal(kept.draws(keep, values[2:4], ids[2:4], 0, 3), whole[2:4])
    assert not np.array_equal(kept.draws(keep, values, ids, 1, 3), whole)
    assert not np.array_equal(kept.draws(keep, values, ids, 0, 4), whole)
    assert len({tuple(row) for row in whole}) == len(whole)


def test_draws_are_not_biased():
    """Shares of 4,000 x 25 draws lie within five standard errors of p, the last class too."""
    _, values = rows(1)
    p = np.exp(log_softmax(values[0].astype(float)))
    count = 4000
    keep = kept.parsed("sample25", CLASSES, F32)
    drawn = kept.draws(keep, values.repeat(count, 0), np.arange(count), 0, 0)
    shares = np.bincount(drawn.ravel(), minlength=CLASSES) / drawn.size
    assert (abs(shares - p) < 5 * np.sqrt(p * (1 - p) / drawn.size)).all()
    assert drawn.max() == CLASSES - 1


def gradient(student, teacher):
    student = student.clone().requires_grad_()
    kd.kd(student, torch.from_numpy(teacher), 1.0).mean().backward()
    return student.grad.numpy()


def test_the_gradient_of_draws_is_right_in_the_mean_and_that_of_the_largest_is_not():
    """The papers' claim: top-k is biased, samples are not."""
    ids, values = rows(4)
    student = torch.from_numpy(rows(4, seed=1)[1])
    right = gradient(student, values)
    keep = kept.parsed("sample8", CLASSES, F32)
    each = np.stack([gradient(student, again(keep, values, ids, seed=s)) for s in range(2000)])
    p = np.exp(log_softmax(values.astype(float), 1))
    error = np.sqrt(p * (1 - p) / (8 * len(each))) / len(p)  # a row is one of four
    assert (abs(each.mean(0) - right) < 5 * error + 1e-6).all()
    largest = gradient(student, again(kept.parsed("top8", CLASSES, F32), values, ids))
    assert (abs(largest - right) > 5 * error).any()


@pytest.mark.parametrize("text", ["top20", "top0", "sample", "some", "top-1"])
def test_what_cannot_be_kept_is_refused(text):
    with pytest.raises(InputError, match=r"logits\.keep"):
        kept.parsed(text, CLASSES, F32)
    assert kept.parsed("all", CLASSES, F32) is None


@pytest.mark.parametrize("text", ["top10", "sample25"])
def test_a_thousand_classes_take_sixty_bytes(tmp_path, text):
    """Of the file: the sample's id and Parquet's own bytes are counted."""
    ids, values = rows(20_000, 1000)
    known = {"classes": [str(c) for c in range(1000)], "seed": 0, "keep": text}
    path = tmp_path / "logits.parquet"
    # as cache_logits writes it
    chunks = [(ids[at : at + 256], values[at : at + 256]) for at in range(0, len(ids), 256)]
    logits.write(path, chunks, known, "float16")
    assert path.stat().st_size / len(ids) < 60
    cache = logits.read([path], {"keep": text}, ids[::-1].copy())
    assert cache.logits.shape == values.shape and cache.logits.room.dtype == np.uint8
    some = cache.rows[0, :5]
    assert np.array_equal(
        cache.logits[some].argmax(1), values[::-1][:5].argmax(1)
    ) or text.startswith("sample")
    with pytest.raises(InputError, match="keep"):
        logits.read([path], {"keep": "top5"})


@pytest.mark.parametrize("text", ["top4", "sample12"])
def test_what_was_kept_is_told_from_what_was_not(text):
    ids, values = rows(50)
    keep, view = kept.parsed(text, CLASSES, F16), np.zeros(50, int)
    packed = kept.pack(keep, values, ids, view, 5)
    assert kept.apart(keep, packed, values, ids, view, 5) < 1e-3
    nearly = values + np.float32(1e-6)
    assert kept.apart(keep, packed, nearly, ids, view, 5) < 1e-3
    assert kept.apart(keep, packed, values[::-1].copy(), ids, view, 5) > 0.05


def test_other_classes_than_the_largest_are_told():
    """Their log-probabilities are right, and yet they are not those that were to be kept."""
    ids, values = rows(50)
    keep, view = kept.parsed("top3", CLASSES, F32), np.zeros(50, int)
    order = np.argsort(-values, axis=1)[:, [0, 5, 6]]
    lowered = values.copy()
    np.put_along_axis(lowered, order, np.take_along_axis(values, order, 1) + 50, 1)
    packed = kept.pack(keep, lowered, ids, view, 0)
    classes = np.ascontiguousarray(packed[:, :6]).view(kept.CLASS).astype(np.int64)
    right = kept._largest(values, classes).astype(np.float32)
    packed[:, 6:] = right.view(np.uint8).reshape(50, -1)
    assert kept.apart(keep, packed, values, ids, view, 0) > 0.05


def test_a_dense_cache_says_nothing_of_what_is_kept(tmp_path):
    """Its bytes are those from before."""
    ids, values = rows()
    path = tmp_path / "logits.parquet"
    logits.write(path, [(ids, values)], {"classes": [str(c) for c in range(CLASSES)]}, "float32")
    found = logits.read_provenance(path)
    assert "keep" not in json.dumps(found)
