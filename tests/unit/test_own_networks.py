"""Networks of the user's own: a file of Python, a checkpoint, timm's, and EfficientNet-lite0."""

from pathlib import Path

from distilshift import checkpoints, classifiers, exports, networks, registry
from distilshift.data import kinds
from distilshift.errors import InputError
from distilshift.image.networks import lite
from distilshift.learning import supervised
from distilshift.learning.settings import Run, Training

import pytest
import torch
from made import NO_VIEW, build, rows_of
from safetensors.torch import save_file
from torch import nn

MODULE = """
from torch import nn


def build(classes, channels, size):
    body = nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, 6), nn.ReLU())
    return body, nn.Linear(6, classes)


def bare(classes):
    return nn.Linear(3, classes)


def deep(classes):
    return nn.Flatten(), nn.Sequential(nn.Linear(64, classes))


def wider(classes):
    return nn.Flatten(), nn.Linear(64, classes + 2)


def narrower(classes):
    return nn.Flatten(), nn.Linear(64, classes - 1)


def tied(classes):
    again = [nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU()] * 3
    return nn.Sequential(nn.Flatten(), *again), nn.Linear(64, classes)
"""
IMAGE = {"classes": 3, "data": "image", "input": {"size": 8, "channels": 1}}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.py"
    path.write_text(MODULE)
    return path


def header(model):
    known = {"data": "image", "input": {"size": 8, "channels": 1}}
    return {"model": model, "classes": ["a", "b", "c"], **known}


def test_a_module_of_ones_own_comes_back_with_its_weights(mine):
    made = build("mine.py:build", 3, 1, 8, seed=1).eval()
    networks.save_weights("w.safetensors", made, header("mine.py:build"))
    again, known = networks.load_weights("w.safetensors", "train_teacher")
    seen = torch.randn(4, 1, 8, 8)
    assert torch.equal(made(seen), again(seen))
    assert len(known["module_sha256"]) == 64
    assert build("mine.py:build@4", 3, 1, 8, seed=1)(seen).shape == (4, 3)  # asked for its size


def test_layers_that_are_one_are_saved_and_stay_one(mine, tmp_path, digits):
    """`[layer, relu] * depth`: it was trained whole, and then safetensors refused it."""
    inputs, labels = digits(40)
    data = rows_of(inputs, domain="toy", sha256="of toy")
    state = {"state": tmp_path / "state", "save_seconds": 0.0}
    made, known, *_ = supervised.train(
        data, labels, "mine.py:tied", "teacher", Training(5, 20, ema=0.5), Run(**state), NO_VIEW
    )
    assert networks.parameter_count(made) == 64 * 64 + 3 * 64 + 64 * 10 + 10
    networks.save_weights("w.safetensors", made, known)
    again, _ = networks.load_weights("w.safetensors", "train_teacher")
    seen = torch.randn(4, 1, 8, 8)
    assert torch.equal(made.eval()(seen), again(seen))
    assert again.body[1] is again.body[7]


def test_weights_do_not_choose_what_is_run(mine, tmp_path):
    made = build("mine.py:build", 3, 1, 8, seed=1)
    networks.save_weights("w.safetensors", made, header("mine.py:build"))
    mine.write_text(MODULE + "raise SystemExit('it ran')\n")
    with pytest.raises(InputError, match=r"mine.py has sha256 .*the weights were made with"):
        networks.load_weights("w.safetensors", "train_teacher")
    made.origin = {}  # a file that names a module without its hash
    networks.save_weights("w.safetensors", made, header("mine.py:build"))
    with pytest.raises(InputError, match="has sha256"):
        networks.load_weights("w.safetensors", "train_teacher")


OF_A_KIND = """
import torch
from torch import nn

from distilshift.audio.prepare import Prepare
from distilshift.networks import Network


def pictures(classes, channels, size):
    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.Flatten()), nn.Linear(
        4 * (size - 2) ** 2, classes
    )


class Codes(nn.Module):
    def __init__(self):
        super().__init__()
        self.code = nn.Embedding(256, 5)

    def forward(self, rows):
        assert rows.dtype == torch.uint8
        return self.code(rows.int()).mean(1)


def texts(classes):
    return Codes(), nn.Linear(5, classes)


def sounds(classes, rate, seconds):
    body = nn.Sequential(
        nn.Unflatten(1, (1, round(rate * seconds))), nn.Conv1d(1, 8, 64, 32), nn.ReLU(),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(),
    )
    return body, nn.Linear(8, classes)


def spectra(classes, rate):
    body = nn.Sequential(nn.Conv2d(1, 4, 5, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Network(body, nn.Linear(4, classes), Prepare(rate))
"""


@pytest.mark.parametrize(
    ("function", "data", "input", "facts"),
    [
        ("pictures", "image", {"size": 8, "channels": 3}, {}),
        ("texts", "text", {"length": 32}, {}),
        ("sounds", "audio", {"rate": 8000, "seconds": 0.5}, {}),
        ("spectra", "audio", {"rate": 8000, "seconds": 0.5}, {"rate": 8000, "mels": 40}),
    ],
)
def test_of_every_kind_it_learns_comes_back_and_is_exported(mine, function, data, input, facts):
    mine.write_text(OF_A_KIND)
    kind, name = kinds.load(data), f"mine.py:{function}"
    shape = kind.rows.shape(kind.settings.Input(**input))
    drawn = torch.Generator().manual_seed(0)
    rows = torch.randint(1, 256, (6, *shape), generator=drawn)
    rows = rows.to(getattr(torch, kind.rows.STORED[0]))
    made = networks.build(name, 3, data, input, seed=1)
    assert made.prepare.facts == facts
    first = made.body.state_dict()
    first = {key: value.clone() for key, value in first.items()}
    optimizer = torch.optim.SGD(made.parameters(), 0.1)
    nn.functional.cross_entropy(made(kind.views.plain(rows)), torch.arange(6) % 3).backward()
    optimizer.step()
    assert not all(torch.equal(value, first[key]) for key, value in made.body.state_dict().items())
    known = {"model": name, "classes": ["a", "b", "c"], "data": data, "input": input}
    networks.save_weights("w.safetensors", made, known)
    classifier = classifiers.load("w.safetensors")
    seen = kind.views.plain(rows)
    assert torch.equal(made.eval()(seen), classifier.network(seen))
    program = exports.program(classifier)
    exports.write_program("w.pt2", program, classifier)
    exports.write_onnx("w.onnx", program, classifier)
    for run in (exports.run_program(Path("w.pt2")), exports.run_onnx(Path("w.onnx"))):
        torch.testing.assert_close(run(rows), classifier(rows), atol=1e-5, rtol=0)


def test_what_a_function_asks_and_rows_have_not_is_one_line(mine):
    """A module for pictures, where rows are texts."""
    says = r"missing a required argument: 'channels'; it is given the classes .* any of length$"
    with pytest.raises(InputError, match=says):
        networks.build("mine.py:build", 3, "text", {"length": 32}, seed=0)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("other.py:build", "there is no file other.py"),
        ("mine.py:make", "mine.py has no function make"),
        ("mine.py:deep", "its head is a Sequential, not a Linear"),
        ("mine.py:wider", "its head gives 5 logits a row, of 3 classes; make it as wide as"),
        ("mine.py:narrower+4", "its head gives 2 logits a row, of 3 classes; make it as wide"),
        ("mine.py:bare", r"gives a Linear; let it give \(body, head\)"),
    ],
)
def test_what_is_no_network_is_refused(mine, name, says):
    with pytest.raises(InputError, match=says):
        build(name, 3, 1, 8, seed=0)


def test_a_family_whose_head_is_too_wide_is_refused_too(monkeypatch):
    """docs/extending.md: a family is a function of the classes, which it may pass by."""

    def family(classes, channels, size):
        return networks.Network(nn.Flatten(), nn.Linear(channels * size**2, 6))

    monkeypatch.setitem(kinds.load("image").networks.NETWORKS, "plainest", "plainest:family")
    monkeypatch.setattr(registry, "load", lambda package, entry: family)
    assert build("plainest", 6, 1, 8, seed=0)(torch.zeros(2, 1, 8, 8)).shape == (2, 6)
    with pytest.raises(InputError, match="model plainest: its head gives 6 logits a row, of 4 cl"):
        build("plainest", 4, 1, 8, seed=0)


def begun(path, model="cnn-4", **how):
    return checkpoints.begin(model, IMAGE, 0, checkpoints.Start(start=path, **how))


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_a_checkpoint_gives_the_body_and_the_head_is_new(tmp_path, ending):
    theirs = build("cnn-4", 3, 1, 8, seed=5)
    named = {f"module.net.{name}": value for name, value in theirs.state_dict().items()}
    path = tmp_path / f"theirs.{ending}"
    if ending == "pth":
        torch.save({"state_dict": named, "epoch": 3}, path)
    else:
        save_file(named, path)
    ours = begun(path, start_keys="module.net.=")
    drawn = build("cnn-4", 3, 1, 8, seed=0)
    for name, value in ours.state_dict().items():
        expected = drawn if name.startswith("head.") else theirs
        assert torch.equal(value, expected.state_dict()[name]), name
    whole = begun(path, start_keys="module.net.=", start_head=True)
    assert torch.equal(whole.head.weight, theirs.head.weight)
    assert ours.origin["start"].keys() == {"sha256", "keys", "head"}


def test_the_names_of_torchvision_and_of_timm_are_known(tmp_path):
    import timm
    import torchvision

    needs = {**IMAGE, "input": {"size": 32, "channels": 3}}
    for model, theirs in (
        ("mobilenet_v3_small", torchvision.models.mobilenet_v3_small(num_classes=7)),
        ("timm/test_resnet", timm.create_model("test_resnet", num_classes=7)),
    ):
        torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
        made = checkpoints.begin(
            model, needs, 0, checkpoints.Start(start=tmp_path / "theirs.pth")
        ).eval()
        seen = torch.rand(2, 3, 32, 32)
        facts = made.prepare.facts
        mean, deviation = (torch.tensor(facts[k]).view(3, 1, 1) for k in ("mean", "deviation"))
        last = [m for m in theirs.modules() if isinstance(m, nn.Linear)][-1]
        kept = []
        last.register_forward_hook(lambda module, args, out, kept=kept: kept.append(args[0]))
        theirs.eval()((seen - mean) / deviation)
        torch.testing.assert_close(made.features(seen * 2 - 1), kept[0], atol=1e-4, rtol=1e-4)
        assert made.head.out_features == 3


def test_normalisation_is_what_the_user_says(tmp_path):
    save_file(build("cnn-4", 3, 1, 8).state_dict(), tmp_path / "w.safetensors")
    made = begun(tmp_path / "w.safetensors", start_mean="0.25", start_deviation="0.5")
    assert made.prepare.facts == {"mean": [0.25], "deviation": [0.5]}
    assert begun(tmp_path / "w.safetensors").prepare.facts == {}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"mean": "0.5,0.5", "deviation": "1"},
            "--start-mean: got 0.5,0.5; give one number, or on",
        ),
        ({"mean": "0.5", "deviation": "1,1,1"}, "deviation: got 1,1,1; .* channel: rows have 1$"),
        ({"mean": "0.5"}, "--start-mean, --start-deviation: one is given; give both"),
        ({"mean": "0.5", "deviation": "0"}, "start_deviation: must be above 0, got 0$"),
        ({"mean": "nan", "deviation": "1"}, "start_mean: must be numbers with commas between"),
    ],
)
def test_a_normalisation_that_cannot_be_is_refused_before_training(tmp_path, given, says):
    save_file(build("cnn-4", 3, 1, 8).state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=says):
        begun(tmp_path / "w.safetensors", **{f"start_{key}": text for key, text in given.items()})


def test_what_has_no_channels_is_not_normalised(tmp_path):
    needs = {"classes": 3, "data": "text", "input": {"length": 32}}
    save_file(networks.build("bag-4", **needs).state_dict(), tmp_path / "w.safetensors")
    how = checkpoints.Start(tmp_path / "w.safetensors", start_mean="0.5", start_deviation="1")
    with pytest.raises(
        InputError, match=r"--start-mean: got 0\.5; this network normalises nothing"
    ):
        checkpoints.begin("bag-4", needs, 0, how)


def test_what_does_not_fit_is_listed(tmp_path, caplog):
    content = build("cnn-4", 3, 1, 8).state_dict()
    path = tmp_path / "w.safetensors"
    save_file({**content, "queue": torch.zeros(2)}, path)
    with caplog.at_level("WARNING", logger="distilshift"):
        begun(path)
    assert "has no place for queue" in caplog.text
    save_file({f"net.{name}": value for name, value in content.items()}, path)
    with pytest.raises(InputError, match=r"lacks body.0.weight.* and \d+ more; holds besides net"):
        begun(path)
    with pytest.raises(InputError, match=r"body.0.weight is \(4, 1, 3, 3\), expected \(8, 1"):
        begun(path, "cnn-8", start_keys="net.=")
    other = build("cnn-4", 5, 1, 8).state_dict()
    save_file(other, path)
    with pytest.raises(InputError, match=r"head.bias is \(5,\), expected \(3,\)"):
        begun(path, start_head=True)


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_a_checkpoint_that_broke_is_refused_where_it_is_read(tmp_path, broken):
    """It was called a training that had diverged, and lr was to be lowered."""
    content = build("cnn-4", 3, 1, 8).state_dict()
    path = tmp_path / "w.safetensors"
    content["head.bias"][1] = broken
    save_file(content, path)
    begun(path)  # the head is new
    content["body.0.weight"][0, 0, 1, 1] = broken
    save_file(content, path)
    with pytest.raises(InputError, match=r"w.safetensors: body.0.weight holds what is no finite"):
        begun(path)
    with pytest.raises(InputError, match=r"body.0.weight, head.bias holds what is no finite"):
        begun(path, start_head=True)


def test_a_file_that_is_no_checkpoint_is_one_line(tmp_path):
    path = tmp_path / "w.pth"
    with pytest.raises(InputError, match="is not there"):
        begun(path)
    torch.save(nn.Linear(2, 2), path)  # a whole module, whose code would be run
    with pytest.raises(InputError, match="cannot be read"):
        begun(path)
    torch.save([1, 2], path)
    with pytest.raises(InputError, match="holds no state dict but a list"):
        begun(path)


@pytest.mark.parametrize(
    ("name", "size"),
    [("timm/test_resnet", 32), ("timm/test_vit", 32), ("timm/mobilenetv3_small_050", 48)],
)
def test_timm_by_name_at_any_size(name, size):
    made = build(name, 5, 1, size, seed=0).eval()
    seen = torch.randn(2, 1, size, size)
    assert made(seen).shape == (2, 5)
    torch.testing.assert_close(made.head(made.features(seen)), made(seen))
    again = build(name, 5, 1, size, seed=0)
    assert torch.equal(made.head.weight, again.head.weight)


def test_timms_weights_bring_size_normalisation_and_interpolation():
    """Of a network that is to come from a file of ours, which loads none."""
    facts = build("timm/test_vit.r160_in1k", 5, 3, 32).prepare.facts
    assert facts["size"] == 160 and len(facts["mean"]) == 3
    assert build("timm/test_vit.r160_in1k@64", 5, 3, 32).prepare.facts["size"] == 64
    assert len(build("timm/test_vit.r160_in1k", 5, 1, 32).prepare.facts["mean"]) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("timm/restnet18", "timm has no such network; near: "),
        ("timm/resnet18.best", "has no such weights; allowed: .*a1_in1k"),
    ],
)
def test_what_timm_has_not_is_refused(name, says):
    with pytest.raises(InputError, match=says):
        build(name, 5, 3, 32, seed=0)


def test_lite_keeps_its_packages_tensors_in_order(tmp_path, monkeypatch):
    """Its file's names differ, so the order of shapes is what is held, and the file's hash."""
    made = build("efficientnet_lite0", 1000, 3, 64, seed=0)
    assert networks.parameter_count(made) == 4_652_008
    theirs = {f"x.{name}": value + 1 for name, value in made.body.state_dict().items()}
    lite.fill(made.body, {**theirs, "_fc.weight": torch.zeros(1)})
    for name, value in made.body.state_dict().items():
        assert torch.equal(value, theirs[f"x.{name}"])
    assert made.eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub/checkpoints"
    folder.mkdir(parents=True)
    (folder / lite.WEIGHTS.name).write_bytes(b"another")
    with pytest.raises(InputError, match=r"sha256 is .*put efficientnet-lite0"):
        build("efficientnet_lite0:IMAGENET", 5, 3, 64, seed=0)
    assert build("efficientnet_lite0:IMAGENET", 5, 3, 64).prepare.facts["size"] == 224


@pytest.mark.parametrize("side", [7, 8])
def test_its_padding_is_tensorflows(side):
    """SAME with stride 2 and kernel 3: an even side is padded at its end alone."""
    made = lite.Convolution(1, 1, 3, stride=2)
    made.weight.data.fill_(1)
    seen = torch.ones(1, 1, side, side)
    found = made(seen)[0, 0]
    assert found.shape == (4, 4)
    assert found[1, 1] == 9
    first, last = (4, 4) if side == 7 else (9, 4)
    assert (found[0, 0], found[-1, -1]) == (first, last)
