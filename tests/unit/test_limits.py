"""What is known of networks before they are built is what they do."""

import contextlib

from distilshift import networks
from distilshift.errors import InputError
from distilshift.image import limits
from distilshift.image.networks import LIMITS, NETWORKS, TORCHVISION

import pytest
import torch
import torchvision
from made import build
from torch import nn

OURS = {"cnn": "cnn-4", "mlp": "mlp-8", "lenet": "lenet-8", "dtn": "dtn-8", "wrn": "wrn-10-1"}
# the smallest of each kind that begins otherwise
SMALL = [
    *("alexnet", "convnext_tiny", "densenet121", "maxvit_t", "vit_b_16", "swin_t", "swin_v2_t"),
    *("vgg11_bn", "vgg11", "resnet18", "resnext50_32x4d", "wide_resnet50_2", "efficientnet_b0"),
    *("efficientnet_v2_s", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small"),
    "shufflenet_v2_x0_5",
]
REGNET = "regnet_y_400mf"  # cannot be built without its numbers


def test_the_depth_of_a_wide_residual_network_is_known_before_it_is_built():
    assert not limits.complaint("wrn-28-10", 32, 3)
    for depth in (4, 9, 12):
        assert "6 n + 4" in limits.complaint(f"wrn-{depth}-1", 32, 3)
        with pytest.raises(InputError, match="6 n \\+ 4"):
            build(f"wrn-{depth}-1", 10, 3, 32)


def trains(model, rows, channels, size, where):
    """Whether a network gives logits of a batch while it is trained."""
    with contextlib.suppress(RuntimeError, ValueError, AssertionError, ZeroDivisionError):
        made = model() if callable(model) and not isinstance(model, nn.Module) else model
        return torch.is_tensor(made.train()(torch.zeros(rows, channels, size, size, device=where)))
    return False


def test_every_family_has_its_limits():
    assert LIMITS.keys() == NETWORKS.keys() == OURS.keys()


@pytest.mark.parametrize("family", OURS)
def test_limits_of_our_families(family):
    name, known = OURS[family], LIMITS[family]

    def made(size):
        return lambda: networks._built(
            networks.kinds.load("image"), name, 10, {"channels": 1, "size": size}, False
        )

    for size in (4, 5, 7, 8, 15, 16, 17):
        fits = not limits.complaint(name, size, 1)
        assert trains(made(size), 2, 1, size, "cpu") == fits, size
        if fits:
            alone = limits.fewest_rows(name, size) == 1
            assert trains(made(size), 1, 1, size, "cpu") == alone, size
    assert networks.has_batchnorm(made(16)()) == known["batchnorm"]
    more = f"{family}{'-4' * (known.get('sizes', 8) + 1)}"
    refused = pytest.raises(InputError) if "sizes" in known else contextlib.nullcontext()
    with refused:
        networks._built(networks.kinds.load("image"), more, 10, {"channels": 1, "size": 16}, False)
    assert bool(limits.complaint(more, 16, 1)) == ("sizes" in known)


@pytest.mark.parametrize("name", [*SMALL, REGNET])
def test_limits_of_torchvision(name):
    where = "cpu" if name == REGNET else "meta"
    with torch.device(where):
        model = torchvision.models.get_model(name, weights=None)
    assert networks.has_batchnorm(model) == limits.of(name)["batchnorm"]
    has_layernorm = any(isinstance(m, torch.nn.LayerNorm) for m in model.modules())
    if not networks.has_batchnorm(model):
        assert has_layernorm == limits.of(name).get("layernorm", False)
    known = limits.of(name)
    smallest = known.get("only") or known.get("smallest", 4)
    assert limits.complaint(name, smallest, 3) == ""
    assert trains(model, 2, 3, smallest, where)
    if "only" in known:
        for other in (smallest - 32, smallest + 32):
            assert limits.complaint(name, other, 3) and not trains(model, 2, 3, other, where)
    elif smallest > 4:
        assert limits.complaint(name, smallest - 1, 3)
        assert not trains(model, 2, 3, smallest - 1, where)
    alone = max(known.get("alone", 1), smallest)
    assert trains(model, 1, 3, alone, where) and limits.fewest_rows(name, alone) == 1
    if known.get("alone", 1) > smallest:
        assert not trains(model, 1, 3, alone - 1, where)
        assert limits.fewest_rows(name, alone - 1) == 2


def test_what_has_no_place_here_cannot_be_built():
    for name in ("googlenet", "squeezenet1_0", "inception_v3"):
        with pytest.raises(InputError, match=f"model {name}: "):
            build(name, 10, 3, 320)
    with torch.device("meta"):
        for name in ("googlenet", "inception_v3"):
            model = torchvision.models.get_model(name, weights=None, init_weights=False)
            assert not trains(model, 2, 3, 320, "meta")
        parts = torchvision.models.squeezenet1_0().classifier
    assert not any(isinstance(part, nn.Linear) for part in parts)


def test_torchvision_is_read_as_it_is():
    known = torchvision.models.list_models(module=torchvision.models)
    assert sorted(known) == list(limits.torchvision_models())
    for name, weights in limits.torchvision_models().items():
        assert weights == list(torchvision.models.get_model_weights(name).__members__), name
    for begin in filter(None, TORCHVISION):  # none is there for nothing
        assert any(limits.of(name) is TORCHVISION[begin] for name in known), begin


@pytest.mark.parametrize(
    ("name", "size", "says"),
    [
        ("lenet", 8, "model lenet: takes images of at least 16 pixels a side, got 8"),
        ("vit_b_16", 32, "takes images of 224 pixels a side, got 32; set image.size, or vit_b_16@"),
        ("vit_b_16:IMAGENET1K_SWAG_E2E_V1", 224, "has no such weights; allowed: IMAGENET1K_V1"),
        ("resnett18", 32, "unknown; allowed: resnet18"),
        ("squeezenet1_0", 64, "has no linear head"),
    ],
)
def test_a_network_that_cannot_be_says_why(name, size, says):
    with pytest.raises(InputError) as caught:
        build(name, 10, 1 if name == "lenet" else 3, size)
    assert says in str(caught.value)
