"""torchvision models by name, pretrained weights by their official name, from a file."""

import hashlib

from distilshift import networks
from distilshift.errors import InputError

import pytest
import torch
import torchvision
from made import build

CPU = torch.device("cpu")


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """Weights of our own under the name that torchvision gives to its file."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torch.manual_seed(1)
    model = torchvision.models.resnet18()
    folder = tmp_path / "hub/checkpoints"
    folder.mkdir(parents=True)
    path = folder / "made.pth"
    torch.save(model.state_dict(), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path = path.rename(folder / f"resnet18-{digest[:8]}.pth")
    enum = torchvision.models.ResNet18_Weights
    url = f"http://127.0.0.1:9/{path.name}"
    monkeypatch.setattr(type(enum.IMAGENET1K_V1), "url", url)
    return model, path


def test_pretrained_weights_are_loaded_and_see_their_own_range(checkpoint):
    plain, _ = checkpoint
    made = build("resnet18:IMAGENET1K_V1", 5, 3, 32, seed=0)
    inputs = torch.rand(2, 3, 32, 32)
    expected = inputs - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    expected = expected / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    plain.fc = torch.nn.Identity()
    with torch.inference_mode():
        features = made.eval().features(inputs * 2 - 1)
        assert torch.allclose(features, plain.eval()(expected), atol=1e-4)
    assert made(inputs).shape == (2, 5)


def test_a_trained_network_is_read_without_the_pretrained_file(checkpoint, tmp_path):
    _, path = checkpoint
    made = build("resnet18:IMAGENET1K_V1", 5, 3, 32, seed=0)
    path.unlink()
    facts = {"model": "resnet18:IMAGENET1K_V1", "classes": list("abcde")}
    facts |= {"data": "image", "input": {"size": 32, "channels": 3}}
    networks.save_weights(tmp_path / "w", made, facts)
    again, _ = networks.load_weights(tmp_path / "w", "train_teacher")
    for one, other in zip(made.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_missing_and_wrong_files_are_one_line(checkpoint):
    _, path = checkpoint
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(InputError, match=r"sha256 is .*fetch the file again"):
        build("resnet18:IMAGENET1K_V1", 5, 3, 32, seed=0)
    path.unlink()
    with pytest.raises(InputError, match=r"cannot be downloaded.*TORCH_HOME"):
        build("resnet18:IMAGENET1K_V1", 5, 3, 32, seed=0)
    with pytest.raises(InputError, match="allowed: IMAGENET1K_V1"):
        build("resnet18:BEST", 5, 3, 32, seed=0)
