"""The frozen embedding: what it is given, and how many windows it gives; its files' place."""

import copy

from distilshift import networks
from distilshift.audio import waves
from distilshift.audio.networks import embedding
from distilshift.errors import InputError

import numpy as np
import pytest
import torch
from sounds import tones

SECOND = {"rate": 8000, "seconds": 1.0}


@pytest.fixture
def given(monkeypatch):
    """The arrays that the two files' networks were given; they make frames and windows of them."""
    seen = []

    def run(archive, inputs):
        seen.append(inputs)
        if archive is embedding.SPECTRUM:
            frames = np.lib.stride_tricks.sliding_window_view(inputs, 512, 1)[:, ::160]
            spectra = np.repeat(frames.max(2)[:, None, :, None], 32, 3)
            return np.maximum(spectra, spectra.max() / 2)  # of all, as the real one
        return np.repeat(inputs.max((1, 2, 3))[:, None, None, None], embedding.WIDTH, 3)

    monkeypatch.setattr(embedding, "run", run)
    return seen


@pytest.mark.parametrize("rate", [4000, 8000, 16000, 22050])
@pytest.mark.parametrize("seconds", [0.25, 0.78, 1.0, 2.03])
def test_windows_of_any_rate_and_length(given, rate, seconds):
    built = networks.build("embedding-8", 3, "audio", {"rate": rate, "seconds": seconds}, seed=0)
    features = built.eval().prepare(torch.randn(2, round(rate * seconds)))
    at_16_khz = max(seconds * 16000, 512 + 75 * 160)
    assert features.shape == (2, (int(at_16_khz - 512) // 160 - 75) // 8 + 1, 96)
    assert built.body(features).shape == (2, 8)


def test_it_hears_rows_at_its_own_rate_and_one_level(given):
    times = torch.arange(8000) / 8000
    row = 0.3 * torch.sin(2 * torch.pi * 440 * times)[None]
    prepare = embedding.Embedding(8000)
    assert torch.equal(prepare(row), prepare(row / 4))
    heard = torch.from_numpy(given[0]) / 32767
    expected = 0.05 * 2**0.5 * torch.sin(2 * torch.pi * 440 * torch.arange(16000) / 16000)
    torch.testing.assert_close(heard[0], expected, atol=1e-3, rtol=0)
    assert waves.level(heard).item() == pytest.approx(0.05, rel=0.01)
    torch.testing.assert_close(given[1].max() * 10 - 20, given[0].max(), rtol=1e-3, atol=0)
    silent = prepare(torch.zeros(1, 2000))
    assert torch.isfinite(silent).all() and given[-2].shape == (1, embedding.FEWEST)


def test_a_row_gives_the_same_whatever_is_beside_it(given):
    rows = torch.randn(3, 8000) * torch.linspace(0, 4, 8000) ** torch.tensor([[1], [3], [9]])
    prepare = embedding.Embedding(8000)
    alone = torch.cat([prepare(row[None]) for row in rows])
    torch.testing.assert_close(prepare(rows), alone, rtol=1e-4, atol=1e-4)


def test_only_its_head_is_trained_and_it_can_be_copied():
    built = networks.build("embedding-64", 10, "audio", SECOND, seed=0)
    assert networks.is_frozen(built) and networks.parameter_count(built) == 19_210
    assert networks.has_batchnorm(copy.deepcopy(built))
    assert not networks.is_frozen(networks.build("melcnn-4", 10, "audio", SECOND))


def test_weights_made_with_another_embedding_are_refused():
    with pytest.raises(InputError, match="sha256 is 00"):
        embedding.Embedding(8000, "00")


def test_without_a_file_or_a_network_the_place_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    pytest.importorskip("onnxruntime")
    embedding.opened.cache_clear()
    with pytest.raises(InputError) as caught:
        embedding.opened(embedding.EMBEDDING)
    assert "npm is not here" in str(caught.value) and "\n" not in str(caught.value)
    assert f"into {tmp_path}/hub/checkpoints; TORCH_HOME" in str(caught.value)


def test_the_real_one_tells_tones_apart_where_it_lies():
    place = torch.hub.get_dir() + "/checkpoints/embedding_model.onnx"
    if not embedding.Path(place).is_file():
        pytest.skip("its file was never fetched here")
    pytest.importorskip("onnxruntime")
    rows, labels = tones(16)
    features = embedding.Embedding(8000)(rows.float() / 32768).flatten(1)
    distance = torch.cdist(features, features)
    same = labels[:, None] == labels
    assert distance[same].mean() < distance[~same].mean()
