"""Every shift: deterministic a sample, right in size and type, and its closed form."""

import colorsys
import hashlib
import io
import itertools
from pathlib import Path

from distilshift.data import draws as draws_of
from distilshift.data import kinds
from distilshift.data import shifts as of_data
from distilshift.errors import InputError
from distilshift.image import shifts
from distilshift.image.shifts import corruptions

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from scipy import ndimage

IMAGE = kinds.load("image")
DIALS = [kind for kind in shifts.SHIFTS if kind not in shifts.SEVERITIES]
ALL = [(kind, 3 if kind in shifts.SEVERITIES else 0.4) for kind in shifts.SHIFTS]


def photos_of(side):
    """Smooth colour images with an edge, not noise: uint8 (12, 3, side, side)."""
    random = np.random.default_rng(5).random((12, 3, side, side))
    smooth = ndimage.gaussian_filter(random, (0, 0, 3 * side / 32, 3 * side / 32))
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    inside = np.s_[:, :, side // 4 : 5 * side // 8, 3 * side // 8 : 13 * side // 16]
    smooth[inside] = 1 - smooth[inside]
    return torch.from_numpy((smooth * 255).astype(np.uint8))


@pytest.fixture(scope="module")
def photos():
    return photos_of(32)


def shifted(images, kind, strength, ids=None, **more):
    ids = torch.arange(len(images)) if ids is None else ids
    return of_data.apply(IMAGE, images, ids, [{"kind": kind, "strength": strength, **more}])


@pytest.mark.parametrize(("kind", "strength"), ALL)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_sample_looks_the_same_whatever_is_beside_it(photos, kind, strength, channels):
    images = photos[:, :channels].contiguous()
    if (kind, channels) == ("colour_cast", 1):
        with pytest.raises(InputError, match=r"set image\.channels: 3"):
            shifted(images, kind, strength)
        return
    before, whole = images.clone(), shifted(images, kind, strength)
    some = torch.tensor([7, 2])
    assert torch.equal(shifted(images[some], kind, strength, ids=some), whole[some])
    assert whole.dtype == torch.uint8 and whole.shape == images.shape
    assert torch.equal(images, before), "the input was written to"
    if kind != "greyscale" or channels == 3:
        assert not torch.equal(whole, images)


@pytest.mark.parametrize("kind", DIALS)
def test_a_dial_at_zero_changes_nothing(photos, kind):
    assert torch.equal(shifted(photos, kind, 0), photos)


@pytest.mark.parametrize("kind", [k for k in shifts.SHIFTS if k not in ("rotation", "translation")])
def test_more_is_more(photos, kind):
    """Distance from the plain image grows with the strength, where the published table does."""
    dial = (1, 3, 5) if kind in shifts.SEVERITIES else (0.1, 0.3, 0.6)
    far = [(shifted(photos, kind, s).float() - photos).abs().mean().item() for s in dial]
    if kind in ("elastic_transform", "frost", "glass_blur"):
        assert min(far) > 1
    else:
        assert far[0] < far[1] < far[2]


def test_the_seed_and_the_place_change_the_draw(photos):
    plain = shifted(photos, "noise", 0.2)
    assert not torch.equal(shifted(photos, "noise", 0.2, seed=1), plain)
    twice = of_data.apply(IMAGE, photos, torch.arange(12), [{"kind": "noise", "strength": 0.2}] * 2)
    assert not torch.equal(twice, shifted(plain, "noise", 0.2))


def test_a_composition_is_applied_in_order(photos):
    both = [{"kind": "inversion", "strength": 1}, {"kind": "gamma", "strength": 1}]
    done = of_data.apply(IMAGE, photos, torch.arange(12), both)
    assert torch.equal(done, shifted(shifted(photos, "inversion", 1), "gamma", 1))
    assert not torch.equal(done, of_data.apply(IMAGE, photos, torch.arange(12), both[::-1]))


def test_closed_forms_of_dials(photos):
    assert torch.equal(shifted(photos, "inversion", 1), 255 - photos)
    assert (shifted(photos, "contrast", 1).int() - 127).abs().max() <= 1
    assert torch.equal(shifted(photos, "rotation", 90), photos.rot90(1, (2, 3)))
    squared = (photos.double() / 255) ** 2 * 255
    assert torch.equal(shifted(photos, "gamma", 1), squared.round().to(torch.uint8))
    cast = shifted(photos, "colour_cast", 1)
    assert torch.equal(cast[:, 0], photos[:, 0]) and cast[:, 2].max() == 0
    grey = shifted(photos, "greyscale", 1)
    assert torch.equal(grey[:, 0], grey[:, 1]) and torch.equal(grey[:, 0], grey[:, 2])
    hidden = shifted(photos * 0, "occlusion", 0.5)
    assert (hidden == 128).sum((1, 2, 3)).tolist() == [3 * 16 * 16] * 12
    half = shifted(photos, "scale", 0.5)
    assert half[:, :, :7].max() == 0 and half[:, :, 10:22, 10:22].float().mean() > 20


def test_fourier_keeps_the_phase_and_takes_the_amplitude():
    """Away from clipping the phase of the mixed image is that of the image."""
    image = torch.full((1, 1, 16, 16), 120, dtype=torch.uint8)
    image[..., 4:9, 5:12] = 150
    mixed = shifted(image, "fourier", 0.3)
    before, after = (torch.fft.rfft2(i.float())[0, 0, 0, 1] for i in (image, mixed))
    assert abs(before.angle() - after.angle()) < 0.2
    assert abs(before.abs() - after.abs()) > 10


def test_closed_forms_of_corruptions(photos):
    """Published definitions, written a second time, a sample and a pixel at a time."""
    floats = photos.numpy() / 255.0
    for severity in (1, 3, 5):
        left = (0.75, 0.5, 0.4, 0.3, 0.15)[severity - 1]
        means = floats.mean((2, 3), keepdims=True)
        close(shifted(photos, "low_contrast", severity), (floats - means) * left + means)
        added = (0.05, 0.1, 0.15, 0.2, 0.3)[severity - 1]
        pixel = photos[3, :, 5, 6]
        hue, saturation, value = colorsys.rgb_to_hsv(*(pixel / 255).tolist())
        expected = colorsys.hsv_to_rgb(hue, saturation, min(1, value + added))
        close(shifted(photos, "brightness", severity)[3, :, 5, 6], np.array(expected))


def test_noise_corruptions_have_the_published_spread():
    grey = torch.full((40, 1, 32, 32), 128, dtype=torch.uint8)
    for severity, deviation in enumerate((0.04, 0.06, 0.08, 0.09, 0.10), 1):
        spread = shifted(grey, "gaussian_noise", severity).float().std() / 255
        assert abs(spread / deviation - 1) < 0.03
    for severity, photons in enumerate((500, 250, 100, 75, 50), 1):
        spread = shifted(grey, "shot_noise", severity).float().std() / 255
        assert abs(spread / (128 / 255 / photons) ** 0.5 - 1) < 0.03
    for severity, amount in enumerate((0.01, 0.02, 0.03, 0.05, 0.07), 1):
        changed = shifted(grey, "impulse_noise", severity)
        assert abs((changed != 128).float().mean() / amount - 1) < 0.1
        assert abs((changed == 0).sum() / (changed == 255).sum() - 1) < 0.25


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_zoom_blur_is_scipys_zoom(photos, severity):
    factors = np.arange(1, (1.06, 0, 1.16, 0, 1.26)[severity - 1], 0.01)
    image = photos[0].numpy().transpose(1, 2, 0) / 255.0
    total = image.copy()
    for factor in factors:
        part = int(np.ceil(32 / factor))
        top = (32 - part) // 2
        large = ndimage.zoom(
            image[top : top + part, top : top + part], (factor, factor, 1), order=1
        )
        cut = (large.shape[0] - 32) // 2
        total += large[cut : cut + 32, cut : cut + 32]
    expected = (total / (len(factors) + 1)).transpose(2, 0, 1)
    close(shifted(photos[:1], "zoom_blur", severity)[0], expected)


def test_defocus_blur_is_a_correlation_with_the_disk(photos):
    kernel = corruptions.disk(1.5, 0.1).numpy()
    assert abs(kernel.sum() - 1) < 1e-6 and np.allclose(kernel, kernel.T)
    assert (kernel > 0.1).sum() == 9  # the whole pixels within 1.5 of the centre
    expected = ndimage.correlate(photos[2, 1] / 255.0, kernel, mode="mirror")
    close(shifted(photos, "defocus_blur", 5)[2, 1], expected)


@pytest.mark.parametrize("side", [8, 11, 16, 20, 28, 31])
def test_small_pictures_are_blurred_as_large_ones(side):
    """Lengths are parts of a pixel there; whole ones were none, and nothing was blurred."""
    small, large = photos_of(side), photos_of(32)
    for kind in ("defocus_blur", "motion_blur", "zoom_blur"):
        far = [
            [(shifted(p, kind, s).float() - p).abs().mean().item() for s in (1, 2, 3, 4, 5)]
            for p in (small, large)
        ]
        steps = itertools.pairwise(far[0])  # 3 and 4 of motion_blur differ in the radius alone
        assert all(b > a or (kind == "motion_blur" and b == a) for a, b in steps), (kind, far)
        ratio = np.array(far[0]) / far[1]
        assert ratio.min() > 0.3 and ratio.max() < 1.6, (kind, ratio)


@pytest.mark.parametrize("side", [8, 13, 16, 28, 32])
def test_no_corruption_leaves_a_row_as_it_was(side):
    images = photos_of(side)
    for kind, severity in itertools.product(shifts.SEVERITIES, (1, 2, 3, 4, 5)):
        changed = (shifted(images, kind, severity) != images).flatten(1).any(1)
        assert changed.all(), (kind, severity)


@pytest.mark.parametrize("scale", [0.25, 0.5, 0.9])
def test_a_kernel_shrinks_with_the_side(scale):
    for radius, smooth in ((0.3, 0.4), (1, 0.2), (1.5, 0.1)):
        whole = corruptions.disk(radius, smooth)
        small = corruptions.shrunk(whole, scale)
        squares = [
            (k.sum(0) * torch.arange(-(len(k) // 2), len(k) // 2 + 1) ** 2).sum()
            for k in (whole, small)
        ]
        assert abs(small.sum() - 1) < 1e-6 and small.min() > 0
        assert abs((squares[1] / squares[0]) ** 0.5 - scale) < 1e-5


def test_motion_blur_of_a_dot_is_a_gaussian_tail():
    dot = torch.zeros(1, 1, 32, 32)
    dot[..., 16, 16] = 1
    line = corruptions.smear(dot, torch.tensor([0.0]), 6, 2)[0, 0, 16]
    assert abs(line.sum() - 1) < 1e-5 and line.argmax() == 16
    assert abs(line[14] / line[16] - np.exp(-0.5)) < 1e-5 and line[17] == 0
    tilted = corruptions.smear(dot, torch.tensor([90.0]), 6, 2)[0, 0]
    assert torch.allclose(tilted[:, 16], line, atol=1e-6)
    small = torch.zeros(1, 1, 8, 8)
    small[..., 4, 4] = 1
    short = corruptions.smear(small, torch.tensor([0.0]), 6, 2)[0, 0, 4]
    mean, longer = ((4 - torch.arange(8)) * short).sum(), ((16 - torch.arange(32)) * line).sum()
    assert abs(short.sum() - 1) < 1e-5 and abs(mean - longer / 4) < 1e-5


def test_glass_blur_only_moves_pixels(photos):
    """At severity 1 the blur is nil (sigma 0.05), so the values stay, and move one pixel."""
    moved = shifted(photos, "glass_blur", 1)
    assert torch.equal(moved.flatten(2).sort().values, photos.flatten(2).sort().values)
    assert (moved != photos).float().mean() > 0.05


@pytest.mark.parametrize("channels", [1, 3])
def test_glass_blur_takes_one_row(photos, channels):
    """Of one grey row the two ends of a move are one piece of memory."""
    images = photos[:, :channels].contiguous()
    whole = shifted(images, "glass_blur", 3)
    assert torch.equal(shifted(images[:1], "glass_blur", 3), whole[:1])


def test_box_and_jpeg_are_pillows(photos):
    image = Image.fromarray(photos[0].permute(1, 2, 0).numpy())
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=40)
    same(shifted(photos, "jpeg_compression", 5)[0], Image.open(buffer))
    small = image.resize((20, 20), Image.Resampling.BOX)
    same(shifted(photos, "pixelate", 5)[0], small.resize((32, 32), Image.Resampling.BOX))


def test_fog_is_a_plasma_fractal_laid_over(photos):
    heights = plasma_point_by_point(np.random.default_rng(3).random((1024,), np.float32), 1.75)
    found = draws_of.plasma([np.random.default_rng(3)], 32, 1.75)[0].numpy()
    assert np.abs(found - heights).max() < 1e-4
    image = photos[0].numpy() / 255.0
    expected = (image + 1.5 * heights) * image.max() / (image.max() + 1.5)
    close(corruptions.fog(photos[:1], [np.random.default_rng(3)], 5)[0], expected)


def plasma_point_by_point(drawn, decay, side=32):
    """Diamond-square on a torus, as published, without whole-array steps."""
    random = iter(2.0 * drawn - 1)
    heights = np.zeros((side, side))
    step, size = side, 100.0
    while step >= 2:
        half, spots = step // 2, range(0, side, step)
        square = [(-half, -half), (-half, half), (half, -half), (half, half)]

        def mean(row, column, reach, size=size):
            near = [(row + down, column + right) for down, right in reach]
            around = sum(heights[r % side, c % side] for r, c in near)
            heights[row, column] = around / 4 + size * size * next(random)

        for row in spots:
            for column in spots:
                mean(row + half, column + half, square)
        cross = [(-half, 0), (half, 0), (0, -half), (0, half)]
        for row in spots:
            for column in spots:
                mean(row, column + half, cross)
        for row in spots:
            for column in spots:
                mean(row + half, column, cross)
        step, size = half, size / decay
    return (heights - heights.min()) / (heights.max() - heights.min())


def test_made_textures_never_change():
    """The pictures of a domain hang on these bytes: another numpy or torch must say so."""
    draws = [np.random.default_rng(7)]
    ice = draws_of.plasma(draws, 32, 1.8)
    heights = (ice * 255).round().to(torch.uint8).numpy()
    digest = hashlib.sha256(heights.tobytes()).hexdigest()
    assert digest == "4fa3ccb406087900127dad14702fcef681ff1d36bede4a029cf5a5e3d3596a3a"
    cells = draws_of.uniform([np.random.default_rng(7)], 3, 4, 4).numpy()
    assert (
        hashlib.sha256(cells.tobytes()).hexdigest()
        == "5fab23e128723d0c2c8215a271f43672db69589b99598dee4452314bb6c0adea"
    )


def test_label_shift_makes_a_long_tail_and_draws_nothing_twice():
    labels, ids = torch.arange(20_000) % 10, torch.arange(20_000) * 3
    tail = [{"kind": "label_shift", "strength": 0.9}]
    keep = of_data.kept(labels, ids, 10, tail)
    shares = torch.bincount(labels[keep], minlength=10).sort(descending=True).values / 2000
    expected = 0.1 ** (torch.arange(10) / 9)
    assert (shares - expected).abs().max() < 0.04
    some = torch.arange(0, 20_000, 7)
    assert torch.equal(of_data.kept(labels[some], ids[some], 10, tail), keep[some])
    assert of_data.kept(labels, ids, 10, [{"kind": "noise", "strength": 1}]).all()


def test_label_set_drops_whole_classes():
    labels = torch.arange(1000) % 10
    keep = of_data.kept(labels, labels, 10, [{"kind": "label_set", "strength": 0.3}])
    assert len(labels[keep].unique()) == 7 and keep.sum() == 700
    other = of_data.kept(labels, labels, 10, [{"kind": "label_set", "strength": 0.3, "seed": 1}])
    assert not torch.equal(keep, other)
    last = of_data.kept(labels, labels, 10, [{"kind": "label_set", "strength": 1}])
    assert len(labels[last].unique()) == 1


def rows_left(count, **more):
    return [{"kind": "fewer_rows", "strength": count, **more}]


def test_fewer_rows_leaves_so_many_of_the_training_half_whatever_their_labels():
    labels, ids = torch.arange(1000) % 10, torch.arange(1000) * 3
    few, more = (of_data.kept(labels, ids, 10, rows_left(count)) for count in (50, 200))
    assert (few.sum(), more.sum()) == (50, 200)
    assert (more | ~few).all()  # those of the smaller set are among those of the larger
    assert torch.equal(few, of_data.kept(labels * 0, ids, 10, rows_left(50)))
    assert not torch.equal(few, of_data.kept(labels, ids, 10, rows_left(50, seed=1)))
    order = torch.randperm(1000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(of_data.kept(labels[order], ids[order], 10, rows_left(50)), few[order])
    assert of_data.kept(labels, ids, 10, rows_left(1000)).all()
    assert of_data.kept(labels, ids, 10, rows_left(50), "test").all()
    with pytest.raises(InputError, match="fewer_rows is to leave 1001 training rows of 1000"):
        of_data.kept(labels, ids, 10, rows_left(1001))


def test_fewer_rows_counts_what_shifts_before_it_left():
    labels = torch.arange(1000) % 10
    half = [{"kind": "label_set", "strength": 0.5}]
    keep = of_data.kept(labels, torch.arange(1000), 10, [*half, *rows_left(300)])
    assert keep.sum() == 300 and len(labels[keep].unique()) == 5
    with pytest.raises(InputError, match="501 training rows of 500"):
        of_data.kept(labels, torch.arange(1000), 10, [*half, *rows_left(501)])
    none = of_data.kept(
        labels[:1], torch.arange(1), 10, [*half, {"kind": "label_shift", "strength": 0}]
    )
    assert none.sum() <= 1  # nothing is drawn of nothing


def test_fewer_classes_is_nested_and_spares_the_test_half():
    labels = torch.arange(1000) % 10
    dial = [[{"kind": "fewer_classes", "strength": share}] for share in (0, 0.3, 0.8, 1)]
    keeps = [of_data.kept(labels, labels, 10, shift) for shift in dial]
    assert [len(labels[keep].unique()) for keep in keeps] == [10, 7, 2, 1]
    for milder, stronger in itertools.pairwise(keeps):
        assert (milder | ~stronger).all()
    assert of_data.kept(labels, labels, 10, dial[-1], "test").all()


PARTS = [
    {"kind": "inversion", "strength": 1, "subdomain": 1},
    {"kind": "contrast", "strength": 1, "subdomain": 2},
]


def test_a_shift_of_a_subdomain_meets_its_rows_alone():
    ids = torch.arange(1000) * 7
    rows = torch.full((1000, 1, 2, 2), 10, dtype=torch.uint8)
    seen = of_data.apply(IMAGE, rows, ids, PARTS, chunk=64)
    within, count = of_data.subdomains(ids, PARTS)
    assert count == 3 and within.bincount().min() > 280
    for part, value in enumerate((10, 245, 128)):
        assert ((seen[within == part].float() - value).abs() <= 1).all(), part
    # a row looks the same whatever lies beside it
    order = torch.randperm(1000, generator=torch.Generator().manual_seed(0))[:50]
    assert torch.equal(of_data.apply(IMAGE, rows[order], ids[order], PARTS), seen[order])
    # draws are those of the shift wherever it stands among all rows
    noise = {"kind": "noise", "strength": 0.2}
    whole = of_data.apply(IMAGE, rows, ids, [noise])
    some = of_data.apply(IMAGE, rows, ids, [{**noise, "subdomain": 1}])
    half, _ = of_data.subdomains(ids, [{**noise, "subdomain": 1}])
    assert torch.equal(some[half == 1], whole[half == 1])
    assert torch.equal(some[half == 0], rows[half == 0])


def test_a_subdomain_without_rows_is_left_as_it_is():
    ids, rows = torch.arange(1), torch.full((1, 1, 2, 2), 10, dtype=torch.uint8)
    parts = [{"kind": "inversion", "strength": 1, "subdomain": at} for at in range(3)]
    assert (of_data.apply(IMAGE, rows, ids, parts) == 245).all()
    (here,), _ = of_data.subdomains(ids, parts)
    for kind in IMAGE.shifts.SHIFTS:  # none of them is given nothing
        elsewhere = {"kind": kind, "strength": 1, "subdomain": (int(here) + 1) % 3}
        specification = [elsewhere, {"kind": "noise", "strength": 0, "subdomain": 2}]
        assert torch.equal(of_data.apply(IMAGE, rows, ids, specification), rows), kind


def test_fewer_subdomains_is_nested_spares_the_test_half_and_reads_no_label():
    labels, ids = torch.arange(1000) % 10, torch.arange(1000)
    dial = [[*PARTS, {"kind": "fewer_subdomains", "strength": share}] for share in (0, 0.34, 1)]
    within, _ = of_data.subdomains(ids, PARTS)
    keeps = [of_data.kept(labels, ids, 10, shift) for shift in dial]
    assert [len(within[keep].unique()) for keep in keeps] == [3, 2, 1]
    for milder, stronger in itertools.pairwise(keeps):
        assert (milder | ~stronger).all()
    assert torch.equal(of_data.kept(labels * 0, ids, 10, dial[1]), keeps[1])
    assert of_data.kept(labels, ids, 10, dial[-1], "test").all()
    left = [{"kind": "label_set", "strength": 0.5}, *dial[-1]]  # after another choice
    assert len(within[of_data.kept(labels, ids, 10, left)].unique()) == 1
    with pytest.raises(InputError, match="none of whose shifts has a subdomain"):
        of_data.kept(labels, ids, 10, dial[-1][-1:])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("noise:strength=0.1,subdomain=0.5", "subdomain is 0 to 99, got 0.5"),
        ("noise:strength=0.1,subdomain=-1", "subdomain is 0 to 99, got -1"),
        ("label_set:strength=0.1,subdomain=1", "label_set chooses among all rows"),
        ("noise:strength=0.1,part=1", "is not kind:strength="),
    ],
)
def test_a_subdomain_that_cannot_be_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        of_data.parsed(IMAGE, text)
    assert of_data.parsed(IMAGE, "noise:strength=0.1,subdomain=2")["subdomain"] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("noise:strength=[1]", "holds what is no number"),
        ('noise:strength="1"', "holds what is no number"),
        ("noise:strength=true", "holds what is no number"),
        ("noise:strength=NaN", "holds what is no number"),
        ("fewer_rows:strength=Infinity", "holds what is no number"),
        ("noise:strength=" + "[" * 100_000, "holds what is no number"),
        ("noise:strength=0.1,subdomain=[1]", "holds what is no number"),
        ("noise:strength=0.1,seed=0.5", "seed is a whole number, got 0.5"),
        ("noise:strength=0.1,seed=null", "holds what is no number"),
    ],
)
def test_what_is_no_number_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        of_data.parsed(IMAGE, text)
    assert of_data.parsed(IMAGE, "noise:strength=0.1,seed=2")["seed"] == 2


def test_a_number_of_rows_is_whole_and_one_or_more():
    valid = [of_data.valid(IMAGE, "fewer_rows", count) for count in (0, 0.5, 1, 1.5, 5000)]
    assert valid == [False, False, True, False, True]
    assert of_data.valid(IMAGE, "fewer_classes", 1) and not of_data.valid(IMAGE, "fewer_classes", 2)


def test_the_schema_knows_every_shift_and_its_strengths():
    path = Path(__file__).parents[2] / "workflow/schemas/config.schema.yaml"
    schema = yaml.safe_load(path.read_text())
    definitions = schema["$defs"]
    domain = schema["properties"]["domains"]["additionalProperties"]["properties"]
    subdomain = domain["shift"]["items"]["properties"]["subdomain"]
    assert subdomain["maximum"] == of_data.MOST_SUBDOMAINS - 1
    of_kinds = {name for kind in kinds.KINDS for name in of_data.known(kinds.load(kind))}
    assert sorted(definitions["kind"]["enum"]) == sorted(of_kinds)
    severities = definitions["dial"]["else"]["else"]["if"]["properties"]["kind"]["enum"]
    assert set(severities) == {kind for kind in shifts.SHIFTS if kind in shifts.SEVERITIES}
    assert (
        not of_data.valid(IMAGE, "fog", 6)
        and not of_data.valid(IMAGE, "fog", 2.5)
        and of_data.valid(IMAGE, "fog", 2)
    )
    assert of_data.valid(IMAGE, "rotation", 60) and not of_data.valid(IMAGE, "noise", 1.5)


def close(found, expected):
    """Within one byte step and rounding of floats in 0..1."""
    expected = np.clip(np.asarray(expected), 0, 1) * 255
    assert np.abs(found.numpy().astype(float) - expected).max() <= 0.51


def same(found, image):
    assert np.array_equal(found.permute(1, 2, 0).numpy(), np.array(image))
