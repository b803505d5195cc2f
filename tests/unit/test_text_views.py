"""Views of texts: dropped and masked words, by parameters that a cache can hold."""

from distilshift.text import views
from distilshift.text.encoding import MASK, decode, encode
from distilshift.text.settings import Source, View

import numpy as np
import pytest
import torch

TEXTS = [
    "the quick brown fox jumps over the lazy dog",
    "so good, so cheap: buy it!",
    "one",
    "",
    "日本語のテキスト",
    "naïve   café\nnext line 🙂🙂 end",
    " ".join(f"w{n}" for n in range(60)),
]


@pytest.fixture
def texts():
    return torch.from_numpy(encode(TEXTS, 256))


def parameters(count, dropped=0.0, masked=0.0, seed=0):
    return views.draw(count, View(dropped=dropped, masked=masked), "test", seed)


def test_a_view_that_changes_nothing_is_the_plain_text(texts):
    assert torch.equal(views.plain(texts), texts)
    assert torch.equal(views.see(texts, parameters(len(texts))), views.plain(texts))
    weak = views.strengthen(parameters(len(texts), 0.5, 0.5), 0.0)
    assert torch.equal(views.see(texts, weak), texts)


def test_a_seed_survives_as_a_float32_of_a_cache():
    drawn = parameters(5000, 0.25, 0.125)
    assert drawn.dtype == torch.float32
    seeds = drawn[:, 0]
    assert torch.equal(seeds, seeds.long().float()) and seeds.max() < 2**24
    assert len(seeds.unique()) > 4990
    assert (drawn[:, 1] == 0.25).all() and (drawn[:, 2] == 0.125).all()
    strong = views.strengthen(drawn, 6.0)
    assert torch.equal(strong[:, 0], seeds) and strong[0, 1:].tolist() == [1.0, 0.75]


def test_draws_repeat_with_their_seed_alone():
    assert torch.equal(parameters(9, 0.1, seed=1), parameters(9, 0.1, seed=1))
    assert not torch.equal(parameters(9, 0.1, seed=1), parameters(9, 0.1, seed=2))


@pytest.mark.parametrize(("dropped", "masked"), [(0.5, 0.0), (0.0, 0.5), (0.3, 0.3), (1.0, 1.0)])
def test_a_text_looks_the_same_whatever_lies_beside_it(texts, dropped, masked):
    drawn = parameters(len(texts), dropped, masked)
    together = views.see(texts, drawn)
    for number in range(len(texts)):
        one = slice(number, number + 1)
        assert torch.equal(views.see(texts[one], drawn[one]), together[one])
    order = torch.randperm(len(texts))
    assert torch.equal(views.see(texts[order], drawn[order]), together[order])


def test_seen_texts_are_whole_characters_without_gaps_and_never_empty(texts):
    for seed in range(20):
        seen = views.see(texts, parameters(len(texts), 0.5, 0.3, seed))
        for before, row, after in zip(TEXTS, seen.numpy(), decode(seen.numpy()), strict=True):
            assert "\ufffd" not in after
            length = np.count_nonzero(row)
            assert (row[:length] != 0).all()
            assert bool(after.strip(chr(MASK) + " ")) == bool(before)


def test_dropped_words_are_a_part_of_the_text_in_its_order(texts):
    long = texts[-1:].expand(400, -1)
    seen = decode(views.see(long, parameters(400, 0.3)).numpy())
    kept = [text.split() for text in seen]
    numbers = [[int(word[1:]) for word in words] for words in kept]
    assert all(found == sorted(set(found)) for found in numbers)
    assert abs(np.mean([len(found) for found in numbers]) / 60 - 0.7) < 0.02
    # each word is as likely to go as any other
    gone = 1 - np.bincount(np.concatenate(numbers), minlength=60) / 400
    assert gone.min() > 0.2 and gone.max() < 0.4


def test_masked_words_are_one_mark_each_and_the_blanks_stay(texts):
    seen = decode(views.see(texts, parameters(len(texts), 0.0, 1.0)).numpy())
    assert seen[-1].split(" ").count(chr(MASK)) == 59  # the last of all stays
    assert len(seen[-1].split(" ")) == 60
    assert seen[2] == "one" and seen[3] == ""
    fox = decode(views.see(texts[:1], parameters(1, 0.0, 0.4, seed=3)).numpy())[0]
    was = TEXTS[0].split(" ")
    assert [now in (chr(MASK), word) for now, word in zip(fox.split(" "), was, strict=True)]


def test_dropping_and_masking_share_a_draw(texts):
    """What one strength drops, a larger one drops too."""
    drawn = parameters(len(texts), 0.2)
    before = None
    for strength in (0.0, 1.0, 2.0, 3.0, 5.0):
        seen = views.see(texts, views.strengthen(drawn, strength))
        counts = (seen != 0).sum(1)
        assert before is None or (counts <= before).all()
        before = counts
    assert (before < (texts != 0).sum(1))[[0, 1, 4, 5, 6]].all()


def test_source_texts_are_left_alone(texts):
    assert torch.equal(views.disturb(texts, Source(), "test"), texts)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_sees_the_same_bytes(texts):
    drawn = parameters(len(texts), 0.3, 0.3)
    assert torch.equal(views.see(texts.cuda(), drawn.cuda()).cpu(), views.see(texts, drawn))
