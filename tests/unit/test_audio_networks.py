"""Networks on sounds: sizes, names, what they see, and that they learn."""

from distilshift import networks
from distilshift.audio import limits, views
from distilshift.audio.networks import NETWORKS
from distilshift.errors import InputError
from distilshift.files import tensors

import pytest
import torch
from sounds import INPUT, tones

SECOND = {"rate": 8000, "seconds": 1.0}
COUNTS = {  # as their docstrings and docs/audio.md say
    "melcnn-16": 61_306,
    "melcnn-8": 15_682,
    "dscnn-64": 23_050,
    "transformer-2-64": 74_122,
}


@pytest.mark.parametrize("name", COUNTS)
def test_parameter_counts(name):
    built = networks.build(name, 10, "audio", SECOND)
    assert networks.parameter_count(built) == COUNTS[name]


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "embedding"])
@pytest.mark.parametrize("input", [INPUT, SECOND, {"rate": 16000, "seconds": 2.0}])
def test_features_of_any_rate_and_length(name, input):
    built = networks.build(name, 3, "audio", input, seed=0).eval()
    seen = torch.randn(4, round(input["rate"] * input["seconds"]))
    features = built.features(seen)
    assert features.shape == (4, built.head.in_features) and built(seen).shape == (4, 3)


@pytest.mark.parametrize("name", ["melcnn-4", "dscnn-16", "transformer-2-32"])
def test_a_network_learns_and_comes_back_from_its_file(name, tmp_path):
    rows, labels = tones(40)
    seen = views.plain(rows)
    built = networks.build(name, 4, "audio", INPUT, seed=0)
    optimiser = torch.optim.AdamW(built.parameters(), 1e-2)
    for _ in range(40):
        loss = torch.nn.functional.cross_entropy(built(seen), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.5
    built.eval()
    header = {"model": name, "classes": list("abcd"), "data": "audio", "input": INPUT}
    networks.save_weights(tmp_path / "w.safetensors", built, header)
    again, known = networks.load_weights(tmp_path / "w.safetensors", "train_teacher")
    assert torch.equal(again(seen), built(seen))
    assert known["prepare"] == {"rate": 8000, "mels": 40}
    stored, _ = tensors.load(tmp_path / "w.safetensors", "weights", "train_teacher")
    assert not [name for name in stored if name.startswith("prepare")]


def test_layers_of_a_transformer_begin_apart():
    built = networks.build("transformer-2-32", 4, "audio", INPUT, seed=0)
    first, second = built.body[1].layers
    assert not torch.equal(first.linear1.weight, second.linear1.weight)
    assert not torch.equal(first.self_attn.in_proj_weight, second.self_attn.in_proj_weight)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("cnn-16", "unknown; allowed: melcnn-<sizes>"),
        ("melcnn-16@4000", "nothing for audio"),
        ("transformer-2-20", "a multiple of 16"),
        ("melcnn-4-4", "does not take the sizes"),
    ],
)
def test_what_is_no_network_is_refused_in_one_line(name, why):
    with pytest.raises(InputError, match=why):
        networks.build(name, 4, "audio", INPUT)


@pytest.mark.parametrize("name", ["melcnn-4", "dscnn-8", "transformer-1-16"])
def test_what_is_known_of_networks_before_they_are_built_is_what_they_do(name):
    assert limits.LIMITS.keys() == NETWORKS.keys()
    for rows in (SECOND, {"rate": 4000, "seconds": 0.25}):  # the smallest that are allowed
        assert limits.complaint(name, **rows) == ""
        built = networks.build(name, 4, "audio", rows, seed=0)
        seen = torch.randn(1, round(rows["rate"] * rows["seconds"]))
        assert built.train()(seen).isfinite().all() and limits.fewest_rows(name, **rows) == 1
        assert networks.has_batchnorm(built) == limits.of(name)["batchnorm"]
        has_layernorm = any(isinstance(m, torch.nn.LayerNorm) for m in built.modules())
        if not networks.has_batchnorm(built):
            assert has_layernorm == limits.of(name).get("layernorm", False)
