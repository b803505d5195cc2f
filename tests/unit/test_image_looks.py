"""Flips, crops, colours and erased rectangles: by their formulas, by seed, the same every time."""

from distilshift.data import kinds
from distilshift.image import looks, views
from distilshift.image.settings import View

import pytest
import torch
from torchvision.transforms.v2 import functional as theirs

NO_POSE = {"rotation": 0.0, "translation": 0.0, "scale": 0.0}
ALL = {"flip": 0.5, "crop": 0.3, "brightness": 0.4, "contrast": 0.4, "saturation": 0.4}
ALL |= {"hue": 0.1, "grey": 0.2, "erasing": 0.5}


def pictures(count=6, channels=3, size=16):
    generator = torch.Generator().manual_seed(1)
    shape = (count, channels, size, size)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def parameters(count=6, **given):
    return torch.tensor([[given.get(name, 0.0) for name in views.PARAMETERS]]).repeat(count, 1)


def test_what_is_not_asked_for_changes_neither_names_nor_draws():
    plain, more = View(), View(flip=0.5)
    assert kinds.parameters(views, plain) == views.POSE
    assert kinds.parameters(views, more) == views.PARAMETERS
    before, after = (views.draw(50, ranges, "a", 1) for ranges in (plain, more))
    assert torch.equal(before, after[:, :4])
    assert plain.facts().keys() == NO_POSE.keys()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_view_of_no_change_is_the_image(channels):
    images = pictures(channels=channels)
    torch.testing.assert_close(views.see(images, parameters()), views.plain(images))


def test_a_flip_is_a_flip():
    images = pictures()
    flipped = views.see(images, parameters(mirrored=1.0))
    torch.testing.assert_close(flipped, views.plain(images).flip(3), atol=1e-5, rtol=0)


def test_a_crop_shows_its_window_alone():
    images = pictures(size=16)
    # the right half of the width, the upper quarter of the height
    window = {"width": -0.5, "height": -0.75, "across": 0.5, "along": -0.75}
    seen = views.see(images, parameters(**window))
    part = views.plain(images)[:, :, :4, 8:]
    expected = theirs.resize(part, [16, 16], antialias=False)
    inner = seen[:, :, 2:-2, 1:-1]  # at its edge a window sees its neighbours
    torch.testing.assert_close(inner, expected[:, :, 2:-2, 1:-1], atol=1e-4, rtol=0)
    both = views.see(images, parameters(mirrored=1.0, **window))
    torch.testing.assert_close(both, seen.flip(3), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("name", "adjust"),
    [
        ("brightness", theirs.adjust_brightness),
        ("contrast", theirs.adjust_contrast),
        ("saturation", theirs.adjust_saturation),
    ],
)
def test_colours_change_as_torchvisions(name, adjust):
    images = pictures()
    for change in (-0.6, 0.3):
        seen = (views.see(images, parameters(**{name: change})) + 1) / 2
        expected = adjust(images.float() / 255, 1 + change)
        torch.testing.assert_close(seen, expected, atol=2e-3, rtol=0)


def test_grey_and_hue_keep_the_luma():
    images = torch.randint(90, 160, (6, 3, 8, 8), dtype=torch.uint8)
    y = looks.luma(views.plain(images))
    grey = views.see(images, parameters(grey=1.0))
    torch.testing.assert_close(grey, y.expand_as(grey), atol=1e-5, rtol=0)
    turned = views.see(images, parameters(hue=0.25))
    torch.testing.assert_close(looks.luma(turned), y, atol=1e-4, rtol=0)
    assert (turned - views.plain(images)).abs().max() > 0.1
    whole = views.see(images, parameters(hue=1.0))
    torch.testing.assert_close(whole, views.plain(images), atol=1e-4, rtol=0)


def test_what_is_erased_is_the_rectangle_alone():
    images = pictures(size=8)
    hole = {"left": 0.25, "top": 0.5, "erased_width": 0.5, "erased_height": 0.25}
    seen, plain = views.see(images, parameters(**hole)), views.plain(images)
    assert (seen[:, :, 4:6, 2:6] == 0).all()
    seen[:, :, 4:6, 2:6] = plain[:, :, 4:6, 2:6]
    torch.testing.assert_close(seen, plain, atol=1e-5, rtol=0)


def test_draws_are_those_of_their_ranges():
    drawn = views.draw(4000, View(**NO_POSE, **ALL), "test")
    of = dict(zip(views.PARAMETERS, drawn.unbind(1), strict=True))
    assert set(of["mirrored"].tolist()) == {0.0, 1.0} == set(of["grey"].tolist())
    assert abs(of["mirrored"].mean() - 0.5) < 0.03
    assert abs(of["grey"].mean() - 0.2) < 0.03
    width, height = of["width"] + 1, of["height"] + 1
    area, sides = width * height, width / height
    assert 0.3 <= area.min() < 0.31
    assert 0.95 < area.max() <= 1
    assert 0.75 <= sides.min() + 1e-5 < 0.76
    assert 1.32 < sides.max() <= 4 / 3 + 1e-5
    assert (of["across"].abs() <= 1 - width + 1e-6).all()
    assert (of["along"].abs() <= 1 - height + 1e-6).all()
    for name in looks.COLOURS:
        assert 0.97 * ALL[name] < of[name].abs().max() <= ALL[name]
    erased = of["erased_width"] * of["erased_height"]
    assert abs((erased > 0).float().mean() - 0.5) < 0.03
    assert erased[erased > 0].min() + 1e-6 >= 0.02
    assert erased.max() <= 1 / 3 + 1e-6
    assert (of["left"] + of["erased_width"] <= 1 + 1e-6).all()


def test_areas_of_crops_are_uniform_as_torchvisions():
    # with torchvision's own ranges: the mean area of the tries that fit, from 100,000 draws there
    drawn = views.draw(20000, View(**NO_POSE, crop=0.08), "test")
    of = dict(zip(views.PARAMETERS, drawn.unbind(1), strict=True))
    area = (of["width"] + 1) * (of["height"] + 1)
    uniform = 0.08 + 0.92 * torch.rand(200000, generator=torch.Generator().manual_seed(0))
    ratio = torch.empty_like(uniform).uniform_(-1, 1, generator=torch.Generator().manual_seed(1))
    ratio = (ratio * torch.tensor(4 / 3).log()).exp()
    fits = (uniform * ratio <= 1) & (uniform / ratio <= 1)
    assert abs(area.mean() - uniform[fits].mean()) < 0.01


def test_a_row_looks_the_same_whatever_lies_beside_it_and_again():
    images = pictures(40)
    drawn = views.draw(40, View(**ALL), "test", 3)
    assert torch.equal(drawn, views.draw(40, View(**ALL), "test", 3))
    whole = views.see(images, drawn)
    some = torch.tensor([31, 4, 17])
    assert torch.equal(views.see(images[some], drawn[some]), whole[some])
    assert torch.equal(views.see(images, drawn), whole)
    assert whole.abs().max() <= 1


def test_strength_grows_pose_and_colours_and_leaves_the_rest():
    drawn = views.draw(300, View(**ALL), "test")
    twice = views.strengthen(drawn, 2.0)
    changed = {n for k, n in enumerate(views.PARAMETERS) if (twice != drawn)[:, k].any()}
    assert changed == {*views.POSE, *looks.COLOURS}
    dark = views.see(pictures(), views.strengthen(parameters(brightness=-0.8), 2.0))
    assert (dark == -1).all()


@pytest.mark.parametrize("ranges", [{"scale": 0.7}, {"scale": 0.7, "flip": 0.5}])
def test_a_stronger_view_is_never_turned_inside_out(ranges):
    drawn = views.draw(500, View(**{**NO_POSE, **ranges}), "test")
    zoom = views.strengthen(drawn, 2.0)[:, views.POSE.index("zoom")]
    assert zoom.min() == pytest.approx(views.LEAST - 1) and zoom.max() > 1.2
    assert torch.equal(views.strengthen(drawn, 1.0), drawn)


def test_views_without_colours_are_those_that_lie_beside_coloured_ones():
    """A batch in which no colour changes takes a shorter way, to the same bits."""
    images = torch.randint(0, 256, (4, 3, 9, 9), dtype=torch.uint8)
    drawn = views.draw(4, View(flip=0.5, crop=0.3, erasing=0.5, brightness=0.5, grey=0.5), "few")
    first = len(views.POSE)
    at = {name: first + looks.PARAMETERS.index(name) for name in looks.PARAMETERS}
    for plain in (["brightness", "grey"], ["erased_width", "erased_height"]):
        some, other = drawn.clone(), drawn.clone()
        drop = [at[name] for name in plain]
        some[:, drop] = 0
        other[:2, drop] = 0
        other[2:, drop] = 0.5
        assert torch.equal(views.see(images[:2], some[:2]), views.see(images, other)[:2])
        assert not torch.equal(views.see(images, some)[2:], views.see(images, other)[2:])
