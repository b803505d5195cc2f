from distilshift.image import views as image_views
from distilshift.image.settings import View

import torch


def draw(seed=0, count=50, **ranges):
    """Random maps, from ranges that are 0 if not given."""
    ranges = {"rotation": 0.0, "translation": 0.0, "scale": 0.0} | ranges
    parameters = image_views.draw(count, View(**ranges), "test", seed)
    return image_views.affine(parameters)


def test_preprocessing_maps_bytes_to_minus_one_to_one():
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    mapped = image_views.plain(images).flatten()
    torch.testing.assert_close(mapped, torch.tensor([-1.0, -0.6, 1.0]))


def test_preprocessing_leaves_the_caller_s_floats_alone():
    images = torch.full((1, 1, 2, 2), 255.0)
    assert (image_views.plain(images) == 1).all() and (images == 255).all()


def test_parameters_are_degrees_relative_size_and_fractions_of_the_side(digits):
    images = image_views.plain(digits(4)[0])

    def seen(*parameters):
        theta = image_views.affine(torch.tensor([parameters]).expand(4, 4))
        return image_views.apply_affine(images, theta)

    torch.testing.assert_close(seen(90.0, 0, 0, 0), images.rot90(1, (2, 3)), atol=1e-5, rtol=0)
    right, down = seen(0, 0, 1 / 8, 0.0), seen(0, 0, 0.0, 2 / 8)  # of 8 pixels
    torch.testing.assert_close(right[..., :-1], images[..., 1:])
    torch.testing.assert_close(down[..., :-2, :], images[..., 2:, :])
    assert image_views.affine(torch.tensor([[0, 0.25, 0, 0]]))[0, 0, 0] == 0.8  # 1.25 times as big


def test_zero_strength_is_the_identity(digits):
    images = image_views.plain(digits(50)[0])
    torch.testing.assert_close(image_views.apply_affine(images, draw()), images)


def test_a_known_translation_moves_whole_pixels(digits):
    images = image_views.plain(digits(4)[0])
    one_pixel = 2 / images.shape[-1]
    theta = torch.tensor([[1, 0, one_pixel], [0, 1, 0.0]]).expand(4, 2, 3)
    moved = image_views.apply_affine(images, theta)
    torch.testing.assert_close(moved[..., :-1], images[..., 1:])
    torch.testing.assert_close(moved[..., -1], images[..., -1])  # borders repeat


def test_a_quarter_turn_is_a_quarter_turn(digits):
    images = image_views.plain(digits(4)[0])
    theta = torch.tensor([[0, -1.0, 0], [1, 0, 0]]).expand(4, 2, 3)
    turned = image_views.apply_affine(images, theta)
    torch.testing.assert_close(turned, images.rot90(1, (2, 3)), atol=1e-5, rtol=0)


def test_draws_stay_within_their_strengths_and_use_them():
    moves = draw(count=500, translation=0.1)[:, :, 2] / 2
    assert 0.09 < moves.abs().max() <= 0.1
    theta = draw(count=500, rotation=30)
    angles = torch.rad2deg(torch.atan2(theta[:, 1, 0], theta[:, 0, 0]))
    assert 28 < angles.abs().max() <= 30.001
    zoom = 1 / draw(count=500, scale=0.2)[:, 0, 0]
    assert 0.8 <= zoom.min() < 0.82
    assert 1.18 < zoom.max() <= 1.2001


def test_draws_repeat_with_their_seed_alone():
    strengths = {"rotation": 10, "translation": 0.1, "scale": 0.1}
    assert torch.equal(draw(1, **strengths), draw(1, **strengths))
    assert not torch.equal(draw(1, **strengths), draw(2, **strengths))


def test_a_random_convolution_is_linear_and_leaves_the_rest_alone(digits):
    images = image_views.plain(digits(400)[0])
    seen = image_views.random_convolution(images, 0.5, "test")
    torch.testing.assert_close(image_views.random_convolution(2 * images, 0.5, "test"), 2 * seen)
    same = (seen == images).flatten(1).all(1)
    assert 0.42 < same.float().mean() < 0.58
    again = image_views.random_convolution(images, 0.5, "test")
    assert torch.equal(seen, again)
    assert not torch.equal(seen, image_views.random_convolution(images, 0.5, "other"))
    assert torch.equal(image_views.random_convolution(images, 0.0, "test"), images)


def test_a_random_convolution_has_kernels_of_unit_expected_power():
    flat = torch.ones(8000, 2, 9, 9)
    seen = image_views.random_convolution(flat, 1.0, "test")
    assert torch.allclose(seen, seen[..., :1, :1].expand_as(seen), atol=1e-5)  # borders repeat
    # a + (1 - a) s with a ~ U(0, 1) and s ~ N(0, 1): mean 1/2, second moment 2/3
    values = seen[..., 0, 0]
    assert abs(values.mean() - 1 / 2) < 0.02
    assert abs((values**2).mean() - 2 / 3) < 0.03
