from distilshift import networks
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.image.prepare import Prepare
from distilshift.learning import optimisation
from distilshift.learning.settings import Training

import pytest
import torch
from made import build


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("cnn-16", 35_674),
        ("cnn-4", 2_446),
        ("mlp-128", 256 * 128 + 128 + 128 * 10 + 10),
        ("mlp-256-128", 256 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10),
    ],
)
def test_parameter_counts(name, parameters):
    assert networks.parameter_count(build(name, 10, 1, 16)) == parameters


@pytest.mark.parametrize("name", ["cnn-4", "mlp-8", "mlp-8-4", "cnn", "mlp"])
def test_a_network_maps_inputs_to_logits_by_features_and_head(name):
    model = build(name, 7, 3, 8, seed=0).eval()
    inputs = torch.randn(5, 3, 8, 8)
    assert model(inputs).shape == (5, 7)
    torch.testing.assert_close(model.head(model.features(inputs)), model(inputs))


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_a_torchvision_classifier_gets_a_fresh_head(name):
    model = build(name, 7, 3, 32, seed=0).eval()
    inputs = torch.randn(2, 3, 32, 32)
    assert isinstance(model.head, torch.nn.Linear)
    assert model.head.out_features == 7
    torch.testing.assert_close(model.head(model.features(inputs)), model(inputs))
    assert networks.has_batchnorm(model)


def test_the_seed_fixes_the_first_weights_and_leaves_the_global_stream_alone():
    before = torch.random.get_rng_state()
    same, again, other = (build("cnn-4", 10, 1, 8, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    for name, value in same.named_parameters():
        assert torch.equal(value, again.get_parameter(name))
    assert not torch.equal(same.head.weight, other.head.weight)


@pytest.mark.parametrize(
    ("name", "channels", "message"),
    [
        ("cmm-16", 3, r"model cmm-16: unknown; allowed: cnn-<sizes>, mlp-<sizes>"),
        ("cnn-x", 3, "model cnn-x: sizes must be positive integers"),
        ("cnn-0", 3, "model cnn-0: sizes must be positive integers"),
        ("resnet18", 1, "model resnet18: needs 3 channels, got 1"),
    ],
)
def test_unknown_names_and_sizes_are_refused(name, channels, message):
    with pytest.raises(InputError, match=message):
        build(name, 10, channels, 32)


@pytest.mark.parametrize("name", ["cnn-4-4", "cnn-4-4-4-4"])
def test_too_many_sizes_are_refused(name):
    with pytest.raises(InputError, match=f"model {name}"):
        build(name, 10, 1, 8)


def header(**other):
    known = {"data": "image", "input": {"size": 8, "channels": 1}}
    return {"model": "cnn-4", "classes": ["a", "b"], **known, **other}


def test_weights_come_back_as_they_went(tmp_path):
    model = build("cnn-4", 2, 1, 8, seed=3).eval()
    path = tmp_path / "weights.safetensors"
    sha256 = networks.save_weights(path, model, header(seed=3))
    loaded, found = networks.load_weights(path, "train_teacher")
    assert (found["sha256"], found["seed"]) == (sha256, 3)
    inputs = torch.randn(3, 1, 8, 8)
    assert torch.equal(loaded(inputs), model(inputs))
    assert not loaded.training


def test_weights_that_are_not_of_the_network_they_name_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    networks.save_weights(path, build("cnn-3", 2, 1, 8), header())
    with pytest.raises(InputError, match=r"does not hold a cnn-4.*rerun the rule train_teacher"):
        networks.load_weights(path, "train_teacher")


def test_artefacts_that_do_not_fit_each_other_are_refused_by_field():
    other = header(input={"size": 16, "channels": 1})
    with pytest.raises(InputError, match=r"a\.file: input is .*8.*, expected .*16"):
        networks.check_same("a.file", header(), other, domains.FACTS)


def test_a_network_sees_its_rows_at_its_own_size(tmp_path):
    """From one cache a teacher may see 16 pixels and a student 8; the weights know it."""
    images = torch.rand(3, 1, 8, 8) * 2 - 1
    large, plain = build("mlp-4@16", 2, 1, 8, seed=1), build("mlp-4", 2, 1, 16, seed=1)
    resized = torch.nn.functional.interpolate(images, (16, 16), mode="bilinear", antialias=True)
    torch.testing.assert_close(large(images), plain(resized))
    path = tmp_path / "weights.safetensors"
    networks.save_weights(path, large, header(model="mlp-4@16"))
    again, found = networks.load_weights(path, "train_teacher")
    assert found["prepare"] == {"size": 16}
    assert torch.equal(again(images), large.eval()(images))


def test_a_network_sees_the_middle_of_its_rows(tmp_path):
    """``@8/12``: the middle 8 pixels of rows at 12, the others are never seen."""
    model = build("mlp-4@8/12", 2, 1, 24, seed=1)
    plain = build("mlp-4", 2, 1, 8, seed=1)
    images = torch.rand(3, 1, 24, 24) * 2 - 1
    small = torch.nn.functional.interpolate(images, (12, 12), mode="bilinear", antialias=True)
    torch.testing.assert_close(model(images), plain(small[..., 2:10, 2:10]))
    # at the size that rows are kept at nothing is resampled: to the bit
    same = build("mlp-4@8/24", 2, 1, 24, seed=1)
    assert torch.equal(same(images), plain(images[..., 8:16, 8:16]))
    path = tmp_path / "weights.safetensors"
    networks.save_weights(
        path, model, header(model="mlp-4@8/12", input={"size": 24, "channels": 1})
    )
    again, found = networks.load_weights(path, "train_teacher")
    assert found["prepare"] == {"size": 12, "crop": 8}
    assert torch.equal(again(images), model.eval()(images))


@pytest.mark.parametrize("relu", [False, True])
def test_a_neck_lies_between_body_and_head_and_learns_as_the_head_does(tmp_path, relu):
    model = build(f"mlp-16-4+6{'r' * relu}@8", 3, 1, 8, seed=1)
    images = torch.rand(5, 1, 8, 8) * 2 - 1
    seen = model.body(images)
    linear, norm = model.neck[0], model.neck[1]
    mapped = seen @ linear.weight.T
    expected = (mapped - mapped.mean(0)) / (mapped.var(0, unbiased=False) + norm.eps).sqrt()
    expected = expected.clamp_min(0) if relu else expected
    torch.testing.assert_close(model.features(images), expected)
    assert model.head.weight.shape == (3, 6)
    how = Training(lr=0.5, body_lr=0.1)
    body, rest = optimisation.groups(model, how)
    assert {*map(id, body["params"])} == {*map(id, model.body.parameters())}
    others = [*model.neck.parameters(), *model.head.parameters()]
    assert {*map(id, rest["params"])} == {*map(id, others)}
    path = tmp_path / "weights.safetensors"
    name = f"mlp-16-4+6{'r' * relu}@8"
    networks.save_weights(path, model, header(model=name, classes=["a", "b", "c"]))
    again, _ = networks.load_weights(path, "train_teacher")
    assert torch.equal(again(images), model.eval()(images))
    assert not build("mlp-16-4", 3, 1, 8, seed=1).neck.state_dict()


def test_the_weights_header_is_what_is_applied(tmp_path):
    """Whoever loads a network gives it its own normalisation, whatever a name means today."""
    model = build("mlp-4", 2, 3, 8, seed=1)
    model.prepare = Prepare(mean=(0.5, 0.4, 0.3), deviation=(0.2, 0.2, 0.1))
    path = tmp_path / "weights.safetensors"
    networks.save_weights(path, model, header(model="mlp-4", input={"size": 8, "channels": 3}))
    again, _ = networks.load_weights(path, "train_teacher")
    images = torch.rand(2, 3, 8, 8) * 2 - 1
    expected = (images + 1) / 2 - torch.tensor([0.5, 0.4, 0.3]).view(3, 1, 1)
    expected = expected / torch.tensor([0.2, 0.2, 0.1]).view(3, 1, 1)
    torch.testing.assert_close(again.prepare(images), expected)
    assert torch.equal(again(images), model.eval()(images))


@pytest.mark.parametrize("name", ["cnn-4@", "cnn-4@x", "cnn-4@1.5", "cnn-4@8/4", "cnn-4@0"])
def test_what_stands_after_the_at_sign_is_a_size(name):
    with pytest.raises(InputError, match=r"allowed after @: size as a whole number"):
        build(name, 2, 1, 8)


def test_domains_of_other_classes_are_named_with_what_chooses_them():
    """`check the flags` says nothing to who runs the workflow."""
    one = {"classes": ["neg", "pos"], "domain": "dvd"}
    for other, of in ({"domain": "books"}, " of books"), ({}, ""):
        says = (
            f"^dvd[.]x: has the classes neg, pos of dvd; the other has the classes neg, neu{of}; "
        )
        with pytest.raises(InputError, match=f"{says}.* domains.<name>.classes chooses them"):
            networks.check_same("dvd.x", one, {"classes": ["neg", "neu"], **other}, ("classes",))
    networks.check_same("dvd.x", one, one, ("classes", "domain"))
    with pytest.raises(InputError, match="domain is dvd, expected books; check the flags"):
        networks.check_same("dvd.x", one, one | {"domain": "books"}, ("classes", "domain"))
