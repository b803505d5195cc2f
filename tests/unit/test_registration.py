import copy

from distilshift import networks
from distilshift.image import registration
from distilshift.image import views as image_views
from distilshift.image.pose import Pose
from distilshift.image.shifts import geometry, pixels
from distilshift.learning.alignment import information_maximisation

import pytest
import torch
from made import build
from sklearn.datasets import load_digits


@pytest.fixture(scope="module")
def digits():
    loaded = load_digits()
    images = torch.from_numpy(loaded.images * 15.9).to(torch.uint8)[:, None]
    images = torch.nn.functional.interpolate(images.float(), (16, 16), mode="bilinear")
    return images.to(torch.uint8), torch.from_numpy(loaded.target)


@pytest.fixture(scope="module")
def teacher(digits):
    """A network that knows the digits as they are."""
    images, labels = digits
    model = build("cnn-4", 10, 1, 16, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(0)
    for _ in range(120):
        rows = torch.randint(len(images), (128,), generator=generator)
        logits = model(image_views.plain(images[rows]))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, labels[rows]).backward()
        optimizer.step()
    return model.eval()


@pytest.mark.parametrize("turn", [40, 90, 135])
def test_a_turn_is_found_and_undone(teacher, digits, turn):
    turned = geometry.rotation(digits[0], [], turn)
    pose = registration.search(teacher, turned, information_maximisation)
    assert abs(pose.angle + turn) <= 15 and not pose.negative


def test_a_negative_is_found(teacher, digits):
    assert registration.search(
        teacher, pixels.inversion(digits[0], [], 0.9), information_maximisation
    ).negative


def test_what_the_teacher_knows_as_it_is_stays_nearly_so(teacher, digits):
    pose = registration.search(teacher, digits[0], information_maximisation)
    assert abs(pose.angle) <= 15 and abs(pose.zoom) <= 0.2 and not pose.negative


def test_departures_are_the_divergence_of_each_layers_statistics():
    layer = torch.nn.BatchNorm2d(2).train()
    layer.running_mean.copy_(torch.tensor([1.0, 0.0]))
    layer.running_var.copy_(torch.tensor([4.0, 1.0]))
    rows = torch.randn(8, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    found = registration.departures(layer)
    layer(rows)
    values = rows.transpose(0, 1).flatten(1)
    before = zip([1.0, 0.0], [2.0, 1.0], strict=True)
    expected = [
        torch.distributions.kl_divergence(
            torch.distributions.Normal(of.mean(), of.std(correction=0)),
            torch.distributions.Normal(mean, std),
        )
        for of, (mean, std) in zip(values, before, strict=True)
    ]
    torch.testing.assert_close(found[0], sum(expected) / 2, atol=1e-4, rtol=1e-4)
    layer(rows)  # whose statistics have moved; what is compared with has not
    torch.testing.assert_close(found[1], found[0])
    assert registration.departures(torch.nn.Linear(2, 2)) == []


def test_departures_are_least_at_the_size_of_the_source(teacher, digits):
    turned = geometry.scale(digits[0], [], 0.3)
    seen = copy.deepcopy(teacher).train()
    far = registration.departures(seen)
    departed = {}
    for zoom in (-0.3, 0.0, 0.4):
        far.clear()
        seen(Pose(0.0, zoom, False).apply(image_views.plain(turned)))
        departed[zoom] = sum(map(float, far))
    assert min(departed, key=departed.get) == 0.4


def test_the_search_leaves_the_teacher_alone(teacher, digits):
    before = copy.deepcopy(teacher.state_dict())
    registration.search(teacher, digits[0], information_maximisation)
    assert teacher.pose is None and not teacher.training
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())


def test_the_search_is_the_same_in_every_process(digits):
    """Also where a network leaves features out at random as it is trained."""
    model = build("lenet", 10, 1, 28, seed=0).eval()
    rows = torch.nn.functional.interpolate(digits[0][:40].float(), (28, 28)).to(torch.uint8)
    found = []
    for state in (1, 2):
        torch.manual_seed(state)
        asked = []

        def uncertainty(logits, asked=asked):
            asked.append(logits)
            return information_maximisation(logits)

        registration.search(model, rows, uncertainty)
        found.append(asked[0])
    assert torch.equal(*found)


def test_a_pose_is_the_view_of_these_parameters():
    images = torch.rand(3, 1, 8, 8) * 2 - 1
    parameters = torch.tensor([[30.0, 0.2, 0.0, 0.0]]).expand(3, -1)
    expected = image_views.apply_affine(-images, image_views.affine(parameters))
    assert torch.equal(Pose(30.0, 0.2, True).apply(images), expected)
    torch.testing.assert_close(Pose().apply(images), images)


def test_a_pose_is_kept_with_the_weights(tmp_path):
    model = build("cnn-2", 3, 1, 8, seed=0)
    model.pose = Pose(90.0, 0.0, True)
    header = {"model": "cnn-2", "classes": ["a", "b", "c"]}
    header |= {"data": "image", "input": {"size": 8, "channels": 1}}
    path = tmp_path / "weights.safetensors"
    networks.save_weights(path, model, {**header, "pose": list(model.pose)})
    read, _ = networks.load_weights(path, "adapt_teacher")
    images = torch.rand(4, 1, 8, 8)
    assert read.pose == model.pose
    assert torch.equal(read(images), model.eval()(images))
