"""Pretrained networks of images that are never trained, below a small head."""

import copy

from distilshift import networks
from distilshift.errors import InputError
from distilshift.image import limits
from distilshift.image.networks import frozen, lite

import pytest
import torch

IMAGE = {"size": 32, "channels": 3}
NAME = "frozen-4/efficientnet_lite0:IMAGENET@32"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Weights in the place of the package's, and how they see images."""
    theirs = networks.build("efficientnet_lite0@32", 1000, "image", IMAGE, seed=5).body
    torch.save(theirs.state_dict(), tmp_path / "weights.pth")
    monkeypatch.setattr(lite, "pretrained_file", lambda: tmp_path / "weights.pth")
    frozen.opened.cache_clear()
    yield theirs.eval()
    frozen.opened.cache_clear()


def header(name):
    return {"model": name, "classes": ["x", "y"], "data": "image", "input": IMAGE}


def test_its_features_are_those_of_the_pretrained_network_in_evaluation(package):
    model = networks.build(NAME, 2, "image", IMAGE, seed=0)
    images = torch.rand(frozen.CPU_ROWS + 3, 3, 32, 32) * 2 - 1  # more than one pass
    found = model.train().prepare(images)
    expected = package(((images + 1) / 2 - 127 / 255) / (128 / 255))
    torch.testing.assert_close(found, expected)
    assert networks.is_frozen(model) and not found.requires_grad
    assert networks.parameter_count(model) == 1280 * 4 + 2 * 4 + 4 * 2 + 2


def test_a_head_is_trained_copied_and_comes_back_and_asks_for_no_weights_until_it_sees_images(
    package, tmp_path, monkeypatch
):
    model = networks.build(NAME, 2, "image", IMAGE, seed=0)
    images = torch.rand(5, 3, 32, 32) * 2 - 1
    model(images).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    networks.save_weights(tmp_path / "w.safetensors", copy.deepcopy(model), header(NAME))
    frozen.opened.cache_clear()
    there = lite.pretrained_file()
    monkeypatch.setattr(lite, "pretrained_file", lambda: tmp_path / "nowhere")
    again, known = networks.load_weights(tmp_path / "w.safetensors", "train_teacher")
    model = "efficientnet_lite0:IMAGENET"
    assert known["prepare"] == {"model": model, "channels": 3, "size": 32}
    with pytest.raises(FileNotFoundError):
        again(images)
    monkeypatch.setattr(lite, "pretrained_file", lambda: there)
    assert again(images).isfinite().all()


def test_limits_and_the_names_that_are_refused():
    assert limits.of(NAME) == {"batchnorm": True, "frozen": True, "alone": None}
    assert limits.fewest_rows("frozen-4/resnet50:IMAGENET1K_V2", 224, 3) == 2
    assert limits.complaint("frozen-4/resnet50:IMAGENET1K_V2", 224, 3) == ""
    assert limits.complaint("frozen-4/timm/resnet18.a1_in1k", 224, 3) == ""
    for name, words in {
        "frozen-4/resnet50": "resnet50 has no weights to keep",
        "frozen-4/timm/resnet18": "timm/resnet18 has no weights to keep",
        "frozen-4/cnn-16": "cnn-16 has no weights to keep",
        "frozen-4/resnet50:NONE": "has no such weights",
        "frozen/resnet50:IMAGENET1K_V2": "is named frozen-64/<model>:<weights>",
        "frozen-0/resnet50:IMAGENET1K_V2": "is named frozen-64/<model>:<weights>",
    }.items():
        assert words in limits.complaint(name, 224, 3), name
        with pytest.raises(InputError, match=f"model {name}: .*"):
            networks.build(name, 2, "image", {"size": 224, "channels": 3})
