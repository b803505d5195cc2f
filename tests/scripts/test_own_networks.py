"""Each kind of own network is a teacher and a student that is distilled from it."""

from pathlib import Path

from distilshift.files import headers

import pytest
import torch
from chain import Chain, flags
from made import build
from safetensors.torch import save_file

MODULE = """
from torch import nn


def build(classes, channels, size):
    body = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten())
    return body, nn.Linear(4 * (size - 2) ** 2, classes)
"""


@pytest.fixture
def here(chain, monkeypatch) -> Chain:
    """The chain's folder with what the user brought, and a shell in it."""
    monkeypatch.chdir(chain.folder)
    Path("mine.py").write_text(MODULE)
    for name, seed in (("cnn-3", 8), ("cnn-2", 9)):
        content = build(name, 10, 1, 8, seed=seed).state_dict()
        save_file({f"net.{key}": value for key, value in content.items()}, f"{name}.safetensors")
    return chain


OWN = {
    "module": ("mine.py:build", "mine.py:build", {}),
    "timm": ("timm/test_resnet@32", "timm/test_vit@16", {}),
    "checkpoint": ("cnn-3", "cnn-2", {"start_keys": "net.="}),
}


@pytest.mark.parametrize("kind", OWN)
def test_it_is_trained_cached_and_distilled(here, run_script, kind):
    teacher, student, how = OWN[kind]
    for step, model in (("teacher", teacher), ("adapted", None), ("cache", None)):
        script, args = here.steps()[step]
        given = {"model": model, "start": f"{model}.safetensors"} if model else {}
        given = {**given, **how} if model and how else {"model": model} if model else {}
        status, shown = run_script(script, flags(args, **given))
        assert status == 0, shown
    script, args = here.steps()["distilled"]
    start = {"start": f"{student}.safetensors", **how} if how else {}
    status, shown = run_script(script, flags(args, model=student, **start))
    assert status == 0, shown
    header = headers.read_header(Path(here.path("distilled", "weights.safetensors")), "weights", "")
    assert (header["teacher"], header["model"]) == (teacher, student)
    assert ("start" in header, "module_sha256" in header) == (bool(how), kind == "module")
    status, shown = run_script(*here.steps()["outputs"])  # the weights are read again
    assert status == 0, shown


def test_a_checkpoint_is_where_training_starts(here, run_script):
    """With no step's worth of learning the body stays what the file held."""
    script, args = here.steps()["source-only"]
    few = {"steps": 1, "lr": 1e-30, "model": "cnn-2", "start": "cnn-2.safetensors"}
    status, shown = run_script(script, flags(args, start_keys="net.=", **few))
    assert status == 0, shown
    from distilshift import networks

    made, _ = networks.load_weights(Path(here.path("source-only", "weights.safetensors")), "")
    theirs = build("cnn-2", 10, 1, 8, seed=9)
    assert torch.allclose(made.body[0].weight, theirs.body[0].weight)
