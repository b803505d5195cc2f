"""Networks on texts."""

import itertools
import re
from collections import Counter

from distilshift import networks
from distilshift.data import kinds
from distilshift.errors import InputError
from distilshift.text import limits
from distilshift.text.encoding import encode
from distilshift.text.networks import NETWORKS, bag

import pytest
import torch
import torch.nn.functional as F

TEXTS = ["Good, good film", "", "日本語", "bad film", "a", "word " * 40]
NAMES = ["bag-8-10", "bytecnn-8", "transformer-2-32"]


def build(name, classes=3, length=64, seed=None):
    return networks.build(name, classes, "text", {"length": length}, seed)


@pytest.fixture
def rows():
    return torch.from_numpy(encode(TEXTS, 64))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("bag-32", 2 * 2**15 * 32 + 32 * 2 + 2),
        ("bag-4-8", 2 * 2**8 * 4 + 4 * 2 + 2),
        ("bytecnn-64", 256 * 16 + 7 * 16 * 64 + 5 * 64**2 + 3 * 64 * 128 + 2 * 256 + 256 * 2 + 2),
    ],
)
def test_parameter_counts(name, parameters):
    assert networks.parameter_count(build(name, 2)) == parameters


@pytest.mark.parametrize("name", NAMES)
def test_texts_become_logits_by_features_and_head_whatever_lies_beside_them(name, rows):
    model = build(name, seed=0).eval()
    logits = model(rows)
    assert logits.shape == (6, 3) and logits.isfinite().all()  # also of a text without a byte
    torch.testing.assert_close(model.head(model.features(rows)), logits)
    for number in range(len(rows)):
        alone = model(rows[number : number + 1])
        torch.testing.assert_close(alone, logits[number : number + 1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_behind_the_end_counts_nowhere(name, rows):
    """The same text in longer rows, by networks of the same weights, has the same logits."""
    short, long = build(name, length=64, seed=0).eval(), build(name, length=96, seed=1).eval()
    state = short.state_dict()
    if "body.places" in state:
        state["body.places"] = F.pad(state["body.places"], (0, 0, 0, 8))
    long.load_state_dict(state)
    some = rows[[0, 2, 3, 4]]
    torch.testing.assert_close(long(F.pad(some, (0, 32))), short(some), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_learns_words(name):
    """From a few texts, which differ in one word alone."""
    texts = [f"it is {word} and {n}" for n in range(20) for word in ("good", "bad", "odd")]
    rows, labels = torch.from_numpy(encode(texts, 64)), torch.arange(60) % 3
    model = build(name, seed=0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(model(rows), labels).backward()
        optimizer.step()
    fresh = torch.from_numpy(encode(["it is good and 99", "it is bad and 98", "it is odd"], 64))
    assert model.eval()(fresh).argmax(1).tolist() == [0, 1, 2]


def expected_features(text):
    """Words, pairs and n-grams of a text, by plain Python."""
    text = text.lower()
    words = re.findall(r"[\w']+|[^\w\s]", text)
    found = Counter(("word", word) for word in words)
    found += Counter(("pair", *pair) for pair in itertools.pairwise(words))
    bounded = " " + re.sub(r"\s", " ", text) + " "
    for size in bag.NGRAMS:
        for at in range(len(bounded) - size + 1):
            if " " not in bounded[at + 1 : at + size - 1]:
                found[("gram", bounded[at : at + size])] += 1
    return found


def test_a_bag_holds_words_pairs_and_ngrams():
    """Equal features have equal hashes, other features others, and none is missing."""
    texts = ["Good, good film", "film good", "don't  do it", "a", "x. y", "good film. good film!"]
    rows = torch.from_numpy(encode(texts, 40))
    hashes, counted = bag.features(rows)
    assert counted.sum(1).tolist() == [sum(expected_features(t).values()) for t in texts]
    multiplicities = [
        sorted(Counter(found[known].tolist()).values())
        for found, known in zip(hashes, counted, strict=True)
    ]
    assert multiplicities == [sorted(expected_features(t).values()) for t in texts]
    pairs = [(i, j) for i in range(len(texts)) for j in range(i)]
    for i, j in pairs:
        common = set(hashes[i][counted[i]].tolist()) & set(hashes[j][counted[j]].tolist())
        assert len(common) == len(expected_features(texts[i]).keys() & expected_features(texts[j]))


def test_a_bag_reads_no_further_than_the_longest_text_and_says_the_same(monkeypatch):
    """To the bit, also of no letter at all; what hashes are is told by Python's own integers."""
    rows = torch.from_numpy(encode(["It's good", "", "a longer text, of words"], 64))
    model = build("bag-8-10", seed=0, length=64).eval()
    seen = []
    whole = bag.features
    monkeypatch.setattr(bag, "features", lambda rows: seen.append(rows.shape[1]) or whole(rows))
    said = model(rows)
    assert torch.equal(said, model(rows[:, :23]))
    assert torch.equal(said[1:2], model(rows[1:2]))
    assert seen == [23, 23, 1]
    hashes, counted = whole(rows[:1])
    word = sum(byte * bag.BASE**at for at, byte in enumerate(b"it's")) % 2**32
    for by, places in ((0x85EBCA6B, 16), (0xC2B2AE35, 13)):
        word = (word ^ (word >> places)) * by % 2**32
    assert int(hashes[0, 0]) % 2**32 == word ^ (word >> 16)
    assert counted[0, :3].tolist() == [True, True, False]


def test_another_length_is_a_matter_of_the_network(rows):
    model = build("bytecnn-8@16", seed=0).eval()
    assert model.prepare.facts == {"length": 16}
    assert torch.equal(model(rows), model(rows[:, :16]))
    assert len(build("transformer-1-32@16").body.places) == 4


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bog-3", "model bog-3: unknown; allowed: bag-<sizes>, bytecnn-<sizes>"),
        ("bag-x", "sizes must be positive integers"),
        ("bag-1-2-3", "bag does not take the sizes"),
        ("transformer-2-40", "width must be a multiple of 16, got 40"),
        ("bag-8@4", "length"),
    ],
)
def test_unknown_names_and_sizes_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        build(name)


def test_weights_come_back_as_they_went(tmp_path, rows):
    model = build("transformer-1-32@32", seed=3).eval()
    header = {"model": "transformer-1-32@32", "classes": ["a", "b", "c"], "data": "text"}
    path = tmp_path / "weights.safetensors"
    networks.save_weights(path, model, {**header, "input": {"length": 64}})
    loaded, _ = networks.load_weights(path, "train_teacher")
    assert torch.equal(loaded(rows), model(rows))


def test_the_kind_has_what_every_kind_has():
    text, image = kinds.load("text"), kinds.load("image")
    for module in ("settings", "rows", "views", "prepare", "networks", "shifts", "datasets"):
        wanted = {n for n in vars(getattr(image, module)) if n.isupper()}
        shared = {"ADJUSTABLE", "STORED", "PREPROCESSING", "PARAMETERS", "NETWORKS", "OTHERS"}
        shared |= {"SHIFTS", "STRENGTHS", "SEVERITIES", "DATASETS", "FOLDER"}
        assert wanted & shared <= vars(getattr(text, module)).keys()


def test_what_the_config_is_told_of_networks_is_so():
    assert limits.LIMITS.keys() == NETWORKS.keys()
    for name in (*NAMES, "bag", "bytecnn", "transformer", "transformer-3"):
        assert limits.complaint(name, 64) == ""
        model = build(name)
        assert networks.has_batchnorm(model) == limits.of(name)["batchnorm"]
        assert networks.has_parts(model) == limits.of(name).get("parts", False)
        has_layernorm = any(isinstance(m, torch.nn.LayerNorm) for m in model.modules())
        if not networks.has_batchnorm(model):
            assert has_layernorm == limits.of(name).get("layernorm", False)
        rows = torch.from_numpy(encode(["one text"], 64))
        assert model.train()(rows).isfinite().all() and limits.fewest_rows(name, 64) == 1
    for name in ("bog-3", "bag-x", "bag-1-2-3", "bag-1-31", "bytecnn-1-2", "transformer-2-40"):
        assert limits.complaint(name, 64), name
        with pytest.raises(InputError):
            build(name)
