"""Texts as bytes: what is cleaned, where they are cut, where their words are."""

from distilshift.text import rows, show, words
from distilshift.text.encoding import MASK, clean, decode, encode
from distilshift.text.prepare import Prepare
from distilshift.text.settings import Input

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

SMILE = "\N{GRINNING FACE}"  # four bytes
ODD = ["", "a", "plain words", "naïve café", "日本語", SMILE * 9, f"ab{SMILE}c", "x" * 40, "é" * 20]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\ufeffa mark of byte order", "a mark of byte order"),
        ("two\r\nlines\rthree", "two\nlines\nthree"),
        ("a\0null\0\0", "a null"),
        (f"a{chr(MASK)}mark\x85of\x07ours", "a mark of ours"),
        ("cafe\N{COMBINING ACUTE ACCENT}", "café"),
        ("half \ud83d of a pair", "half   of a pair"),
        (" \n\t ", ""),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_a_text_is_cleaned(text, wanted):
    assert clean(text) == wanted
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("length", [8, 9, 10, 11, 12, 40])
def test_a_text_is_cut_between_characters_and_comes_back(length):
    encoded = encode(ODD, length)
    assert encoded.shape == (len(ODD), length) and encoded.dtype == np.uint8
    for text, back, row in zip(ODD, decode(encoded), encoded, strict=True):
        assert text.startswith(back) and "\ufffd" not in back
        missing = text[len(back) : len(back) + 1].encode()
        assert len(back.encode()) + len(missing) > length or not missing  # no shorter than needed
        assert (row[len(back.encode()) :] == 0).all()


@pytest.mark.parametrize("length", range(8, 41))
def test_rows_made_shorter_are_as_if_they_had_been_read_so(length):
    whole = torch.from_numpy(encode(ODD, 40))
    wanted = torch.from_numpy(encode(ODD, length))
    before = whole.clone()
    assert torch.equal(rows.conform(whole, Input(length=length)), wanted)
    assert torch.equal(Prepare(length=length)(whole), wanted)
    assert torch.equal(whole, before)


def test_rows_made_longer_keep_what_they_hold():
    short = torch.from_numpy(encode(ODD, 40))
    assert torch.equal(rows.conform(short, Input(length=50)), torch.from_numpy(encode(ODD, 50)))


def found_words(text):
    row = torch.from_numpy(encode([text], 60))
    start = words.starts(words.kinds(row))
    number = words.numbers(start)[0].numpy()
    content = row[0].numpy()
    return [
        bytes(content[(number == n) & (content != 0)]).decode() for n in range(1, number.max() + 1)
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("two  words", ["two  ", "words"]),
        ("don't, Zoë!", ["don't", ", ", "Zoë", "!"]),
        (f"so{SMILE}{SMILE}ok", ["so", SMILE, SMILE, "ok"]),
        ("東京 is", ["東", "京 ", "is"]),
        ("привет мир", ["привет ", "мир"]),
        ("3.5\n", ["3", ".", "5\n"]),
        ("", []),
    ],
)
def test_words_are_found(text, wanted):
    assert found_words(text) == wanted


def test_mixed_integers_are_those_of_murmurhash3():
    """fmix32 of 0, 1 and 2**32 - 1, as its reference code gives them."""
    values = torch.tensor([0, 1, -1], dtype=torch.int32)
    assert [value % 2**32 for value in words.mixed(values).tolist()] == [0, 0x514E28B7, 0x81F16F39]
    many = words.mixed(torch.arange(2**16, dtype=torch.int32))
    assert many.dtype == torch.int32
    assert len(many.unique()) == 2**16
    assert abs(many.float().mean() / 2**32) < 0.005


def test_a_figure_shows_classes_in_front_of_texts_where_they_are_given():
    rows = torch.from_numpy(encode(["fine", "dull"], 16))
    figure, axis = plt.subplots()
    show.draw(axis, rows)
    show.draw(axis, rows, ["glad", "sad"])
    said = [text.get_text() for text in axis.texts]
    plt.close(figure)
    assert said == ["fine", "dull", "glad: fine", "sad: dull"]
