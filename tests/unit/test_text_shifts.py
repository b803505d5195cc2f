"""Constructed shifts of texts."""

import re

from distilshift.data import kinds, shifts
from distilshift.text.encoding import decode, encode
from distilshift.text.shifts import SHIFTS, letters

import numpy as np
import pytest
import torch

TEXT = kinds.load("text")
TEXTS = [
    "The quick brown fox jumps over the lazy dog, again and again: it is corn in a barn.",
    "so good!",
    "é",
    "",
    "日本語 のテキスト、と naïve café 🙂🙂",
    "x " * 128,
    " ".join(f"w{n}" for n in range(50)) + " end.",
]
LARGEST = {"shuffled_words": 50, "truncation": 0.99}


@pytest.fixture
def rows():
    return torch.from_numpy(encode(TEXTS, 256))


def shifted(rows, name, strength, ids=None, seed=0):
    ids = torch.arange(len(rows)) if ids is None else ids
    return shifts.apply(TEXT, rows, ids, [{"kind": name, "strength": strength, "seed": seed}])


@pytest.mark.parametrize("name", SHIFTS)
def test_strength_zero_changes_nothing_and_more_changes_something(rows, name):
    assert torch.equal(shifted(rows, name, 0), rows)
    strong = shifted(rows, name, LARGEST.get(name, 1))
    assert strong.dtype == torch.uint8 and strong.shape == rows.shape
    assert not torch.equal(strong[0], rows[0])


@pytest.mark.parametrize("name", SHIFTS)
def test_a_shift_is_a_function_of_the_sample_and_the_seed(rows, name):
    strength = LARGEST.get(name, 1) / 2
    whole = shifted(rows, name, strength)
    assert torch.equal(shifted(rows, name, strength), whole)
    order = torch.tensor([4, 0, 6])
    assert torch.equal(shifted(rows[order], name, strength, ids=order), whole[order])
    if name != "truncation":  # which draws nothing
        assert not torch.equal(shifted(rows, name, strength, seed=1), whole)


@pytest.mark.parametrize("name", SHIFTS)
def test_shifted_rows_are_texts_and_none_that_held_a_letter_is_empty(rows, name):
    for strength in (0.3, 0.7, 0.99):
        for row, before in zip(shifted(rows, name, strength).numpy(), TEXTS, strict=True):
            length = np.count_nonzero(row)
            assert (row[:length] != 0).all()
            bytes(row[:length]).decode()
            assert bool(length) == bool(before)


@pytest.mark.parametrize(
    "name", [n for n in SHIFTS if n not in ("shuffled_words", "doubled_letters")]
)
def test_the_dial_turns_one_way(rows, name):
    """What differs at one strength differs at a larger one."""
    texts, changed = rows[:1], 0
    for strength in (0.1, 0.3, 0.5, 0.7, 0.9):
        after = decode(shifted(texts, name, strength).numpy())[0]
        if len(after) == len(TEXTS[0]):
            now = sum(a != b for a, b in zip(after, TEXTS[0], strict=True))
        else:
            now = abs(len(TEXTS[0]) - len(after))
        assert now >= changed
        changed = now
    assert changed


def test_typos_hit_that_share_of_the_letters_and_go_to_a_neighbour(rows):
    many = rows[:1].expand(300, -1)
    hit = []
    for after in decode(shifted(many, "typos", 0.2).numpy()):
        for was, now in zip(TEXTS[0], after, strict=True):
            if not was.isalpha():
                assert now == was
            else:
                hit.append(now != was)
                assert now == was or now.lower() in letters.NEIGHBOURS[was.lower()]
                assert now.isupper() == was.isupper()
    assert abs(np.mean(hit) - 0.2) < 0.01


def test_neighbours_lie_side_by_side_on_the_keyboard():
    near = letters.NEIGHBOURS
    assert set(near) == set("abcdefghijklmnopqrstuvwxyz")
    assert set(near["q"]) == set("wa") and set(near["g"]) == set("ftyhvb")
    assert all(a in near[b] for a in near for b in near[a])


def test_shuffled_words_move_within_their_window(rows):
    many = rows[-1:].expand(200, -1)
    farthest = []
    for strength in (1, 5):
        moved = []
        for after in decode(shifted(many, "shuffled_words", strength).numpy()):
            words = after.split(" ")
            assert sorted(words) == sorted(TEXTS[-1].split(" "))
            at = [int(w[1:]) for w in words if w.startswith("w")]
            moved += [abs(n - was) for n, was in enumerate(at)]
        farthest.append(max(moved))
    assert farthest[0] == 1 and 3 <= farthest[1] <= 6  # of the numbered words alone


def test_recognition_reads_what_looks_alike(rows):
    after = decode(shifted(rows[:1], "recognition", 1).numpy())[0]
    assert after.endswith("am.") and not re.search("[oOsSgz]", after)  # all have another
    for one, other in letters.CONFUSED:
        assert other in letters.READINGS[one] and one in letters.READINGS[other]


def test_what_is_lost_is_lost(rows):
    done = {name: decode(shifted(rows, name, 1).numpy()) for name in SHIFTS if "lost" in name}
    assert done["lost_punctuation"][0] == TEXTS[0].translate(str.maketrans("", "", ",:."))
    assert "、" not in done["lost_punctuation"][4]
    assert len(done["lost_words"][0].split()) == 1
    assert sum(map(str.isalpha, done["lost_letters"][0])) == 1
    assert decode(shifted(rows, "capitals", 1).numpy())[0] == TEXTS[0].upper()
    half = decode(shifted(rows, "truncation", 0.5).numpy())
    assert half[0] == TEXTS[0][:42] and half[2] == "é"


def test_of_marks_alone_one_stays():
    texts = ["?!...", " -- ", "!", "a!?", "$!"]  # of letters and signs none is a mark
    rows = torch.from_numpy(encode(texts, 16))
    before = texts
    for strength in (0.3, 0.6, 0.9, 1):
        after = decode(shifted(rows, "lost_punctuation", strength).numpy())
        assert all(len(some) <= len(more) for some, more in zip(after, before, strict=True))
        assert all(some.strip() for some in after)
        before = after
    assert [len(text.strip()) for text in after] == [1] * 5 and after[3:] == ["a", "$"]


def test_what_grows_beyond_the_row_is_cut_off_between_characters():
    full = torch.from_numpy(encode(["é" * 64], 128))
    doubled = shifted(full, "doubled_letters", 1)
    assert decode(doubled.numpy())[0] == "é" * 64
    odd = torch.from_numpy(encode(["a" + "é" * 63], 128))
    assert decode(shifted(odd, "doubled_letters", 1).numpy())[0] == "aa" + "é" * 63


def test_shifts_follow_one_another_and_strengths_are_checked(rows):
    both = [{"kind": "capitals", "strength": 1}, {"kind": "lost_punctuation", "strength": 1}]
    after = shifts.apply(TEXT, rows, torch.arange(len(rows)), both)
    assert decode(after.numpy())[1] == "SO GOOD"
    assert shifts.valid(TEXT, "shuffled_words", 50) and not shifts.valid(TEXT, "truncation", 1)
    assert not shifts.valid(TEXT, "typos", 1.1) and shifts.valid(TEXT, "label_shift", 0.5)
