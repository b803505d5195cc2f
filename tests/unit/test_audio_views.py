"""Views of sounds: what a parameter does, and that a row is seen alike whatever is beside it."""

from distilshift.audio import views, waves
from distilshift.audio.settings import Source, View

import numpy as np
import pytest
import torch
from sounds import RATE, tones

WIDE = View(shift=0.3, speed=0.3, gain=12.0, noise=0.5, masked_time=0.3, masked_band=0.3)


def parameters(**given):
    """One view, all its changes zero but those given."""
    return torch.tensor([[given.get(name, 0.0) for name in views.PARAMETERS]])


@pytest.fixture(scope="module")
def rows():
    return tones(24)[0]


def tone(frequency, length=4000, size=8000):
    times = torch.arange(length) / RATE
    return (size * torch.sin(2 * torch.pi * frequency * times)).to(torch.int16)[None]


def strongest(wave):
    """Hz of the largest line of a spectrum."""
    spectrum = torch.fft.rfft(wave * torch.hann_window(wave.shape[-1])).abs()
    return spectrum.argmax(-1) * RATE / wave.shape[-1]


def test_plain_maps_samples_to_minus_one_to_one():
    rows = torch.tensor([[-32768, 0, 16384]], dtype=torch.int16)
    assert views.plain(rows).tolist() == [[-1.0, 0.0, 0.5]]


def test_plain_leaves_the_caller_s_floats_alone():
    rows = torch.full((1, 4), 16384.0)
    assert (views.plain(rows) == 0.5).all() and (rows == 16384).all()


def test_a_view_without_change_is_the_plain_row(rows):
    nothing = torch.zeros(len(rows), len(views.PARAMETERS))
    assert torch.equal(views.see(rows, nothing), views.plain(rows))
    drawn = views.draw(len(rows), View(0.0, 0.0, 0.0, 0.0, 0.0, 0.0), "test")
    assert drawn[:, [5 - 1, 6, 8]].min() > 0  # seeds and places are drawn all the same
    assert torch.equal(views.see(rows, drawn), views.plain(rows))


def test_a_row_is_seen_alike_whatever_is_beside_it(rows):
    drawn = views.draw(len(rows), WIDE, "test")
    whole = views.see(rows, drawn)
    some = torch.tensor([17, 3, 8])
    assert torch.equal(views.see(rows[some], drawn[some]), whole[some])
    assert torch.equal(views.see(rows[5:6], drawn[5:6]), whole[5:6])
    assert whole.dtype == torch.float32 and whole.shape == rows.shape
    # a neighbour without noise or mask must not change how others are seen
    drawn[3] = 0
    assert torch.equal(views.see(rows[some], drawn[some])[0], whole[17])


def test_views_are_a_function_of_their_stream_and_fit_into_float32():
    drawn = views.draw(500, WIDE, "a", 1)
    assert torch.equal(drawn, views.draw(500, WIDE, "a", 1))
    assert not torch.equal(drawn, views.draw(500, WIDE, "a", 2))
    named = dict(zip(views.PARAMETERS, drawn.unbind(1), strict=True))
    seeds = named["noise_seed"]
    assert torch.equal(seeds, seeds.round()) and seeds.min() >= 0 and seeds.max() < 2**24
    assert len(seeds.unique()) > 495
    for name, most in {"shift": 0.3, "speed": 0.3, "gain": 12.0}.items():
        assert -most <= named[name].min() < -0.95 * most
        assert 0.95 * most < named[name].max() <= most
    for name, most in {"noise": 0.5, "masked_time": 0.3, "masked_band": 0.3}.items():
        assert 0 <= named[name].min() < 0.05 * most and 0.95 * most < named[name].max() <= most


def test_strength_multiplies_changes_and_no_seed(rows):
    drawn = views.draw(len(rows), WIDE, "test")
    twice = views.strengthen(drawn, 2.0)
    changed = [name for k, name in enumerate(views.PARAMETERS) if (twice != drawn)[:, k].any()]
    assert changed == ["shift", "speed", "gain", "noise", "masked_time", "masked_band"]
    torch.testing.assert_close(twice[:, 0], 2 * drawn[:, 0])
    assert torch.equal(views.see(rows, views.strengthen(drawn, 0.0)), views.plain(rows))


def test_a_shift_moves_whole_samples_and_leaves_silence(rows):
    plain = views.plain(rows[:1])
    later = views.see(rows[:1], parameters(shift=0.1))[0]
    assert torch.equal(later[400:], plain[0, :-400]) and not later[:400].any()
    sooner = views.see(rows[:1], parameters(shift=-0.1))[0]
    assert torch.equal(sooner[:-400], plain[0, 400:]) and not sooner[-400:].any()


def test_speed_raises_the_pitch_and_shortens():
    fast = views.see(tone(500.0), parameters(speed=0.25))[0]
    assert strongest(fast[500:3500]) == pytest.approx(625, abs=3)
    # 4000 samples last 3200: 400 of silence at either end
    assert not fast[:398].any() and not fast[-398:].any() and fast[410:420].abs().max() > 0.1
    slow = views.see(tone(500.0), parameters(speed=-0.2))[0]
    assert strongest(slow) == pytest.approx(400, abs=3)


def test_reading_between_samples_is_linear():
    ramp = torch.arange(10.0)[None]
    places = torch.tensor([[-5.0, -1.5, -0.5, 0.0, 0.25, 3.5, 9.0, 9.5, 10.0, 40.0]])
    expected = [0.0, 0.0, 0.0, 0.0, 0.25, 3.5, 9.0, 4.5, 0.0, 0.0]
    assert waves.read_at(ramp, places).tolist() == [expected]
    assert waves.read_at(ramp + 1, places)[0, :3].tolist() == [0.0, 0.0, 0.5]


def test_gain_is_in_decibels(rows):
    louder = views.see(rows[:1], parameters(gain=20.0))
    torch.testing.assert_close(louder, 10 * views.plain(rows[:1]))


def test_noise_has_the_amplitude_that_is_said_and_no_colour(rows):
    plain = views.plain(rows[:1])
    noise = views.see(rows[:1], parameters(noise=0.1, noise_seed=7.0)) - plain
    heard = plain[plain.abs() >= 0.01 * plain.abs().max()]
    ratio = noise.square().mean().sqrt() / heard.square().mean().sqrt()
    assert ratio == pytest.approx(0.1, rel=0.03)
    white = waves.noise(torch.arange(64.0) * 1000, 4096)
    power = torch.fft.rfft(white).abs().square().mean(0)[1:-1].unflatten(0, (23, 89)).mean(1)
    assert (power / 4096 - 1).abs().max() < 0.06
    together = torch.corrcoef(white)
    assert (together - torch.eye(64)).abs().max() < 0.08


def test_noise_of_a_seed_never_changes():
    """Cached views hang on it: the whole numbers are those of the published hash."""

    def hashed(x):
        x = ((x ^ (x >> 16)) * 0x7FEB352D) % 2**32
        x = ((x ^ (x >> 15)) * 0x846CA68B) % 2**32
        return x ^ (x >> 16)

    for seed in (0, 5, 2**24 - 1):
        values = [hashed(hashed(seed + 1) ^ hashed(k + 0x5BD1E995)) for k in range(50)]
        signed = np.array([v - 2**32 if v >= 2**31 else v for v in values]) >> 8
        expected = ((signed + 0.5) * (3**0.5 / 2**23)).astype(np.float32)
        found = waves.noise(torch.tensor([float(seed)]), 50)[0].numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_masked_time_is_silent_and_the_rest_as_it_was(rows):
    plain = views.plain(rows[:1])[0]
    seen = views.see(rows[:1], parameters(masked_time=0.2, time_place=0.5))[0]
    assert not seen[1600:2400].any()
    assert torch.equal(seen[:1600], plain[:1600]) and torch.equal(seen[2400:], plain[2400:])


def test_a_masked_band_is_gone_and_the_rest_as_it_was():
    both = tone(1000.0) + tone(3000.0)
    place = waves.place_of(torch.tensor([1000 / 4000, 3000 / 4000]))
    width, start = 0.2, place[0].item() - 0.1
    seen = views.see(both, parameters(masked_band=width, band_place=start / (1 - width)))
    alone = views.plain(tone(3000.0))
    assert (seen - alone)[:, 400:-400].abs().max() < 0.01
    torch.testing.assert_close(waves.frequency_of(place), torch.tensor([0.25, 0.75]))


def test_the_scale_of_bands_is_that_of_mels():
    from distilshift.audio.prepare import mel

    fractions = torch.linspace(0, 1, 50)
    torch.testing.assert_close(
        waves.place_of(fractions), mel(fractions * 4900) / mel(torch.tensor(4900.0))
    )


# ---- other voices -----------------------------------------------------------------------


def formant(wave):
    """Hz of the centre of a spectrum's highest peaks."""
    power = torch.fft.rfft(wave).abs() ** 4
    return ((power * torch.linspace(0, RATE / 2, power.shape[-1])).sum() / power.sum()).item()


def voice(pitch=125.0, centre=1000.0):
    """Harmonics of a pitch under one formant."""
    times = torch.arange(4000) / RATE
    parts = [
        1 / (1 + ((k * pitch - centre) / 150) ** 2) * torch.sin(2 * torch.pi * k * pitch * times)
        for k in range(1, 30)
    ]
    return 0.1 * sum(parts)[None]


def pitch_of(wave):
    """Hz, by the largest autocorrelation between 70 and 300 Hz."""
    power = torch.fft.rfft(wave, 8192).abs().square()
    together = torch.fft.irfft(power)
    return RATE / (together[RATE // 300 : RATE // 70].argmax().item() + RATE // 300)


def test_no_other_voice_is_the_row_itself(rows):
    plain = views.plain(rows)
    assert views.disturb(plain, Source(), "test") is plain
    ones, flat = torch.ones(len(rows)), torch.zeros(len(rows), 8)
    torch.testing.assert_close(waves.in_grains(plain, ones, ones), plain, atol=1e-6, rtol=1e-5)
    same = waves.colour(plain, ones, flat, 0 * ones, ones)
    torch.testing.assert_close(same, plain, atol=1e-5, rtol=1e-4)


def test_a_longer_tract_lowers_the_formant_and_leaves_the_pitch():
    ends = torch.zeros(1, 2), torch.zeros(1), torch.ones(1)
    for factor in (0.8, 1.25):
        seen = waves.colour(voice(), torch.tensor([factor]), *ends)[0]
        assert formant(seen) == pytest.approx(1000 / factor, rel=0.07)
        assert pitch_of(seen) == pytest.approx(125, rel=0.03)


def test_grains_change_pitch_and_tempo_apart():
    ones = torch.ones(1)
    higher = waves.in_grains(voice(), ones, 1.3 * ones)[0]
    assert formant(higher) == pytest.approx(1300, rel=0.05)
    assert higher[100:-100].unflatten(0, (10, -1)).abs().amax(1).min() > 0.05  # as long as before
    slower = waves.in_grains(voice(), 0.8 * ones, ones)[0]
    assert formant(slower) == pytest.approx(1000, rel=0.05)
    short = waves.in_grains(voice(), 1.25 * ones, ones)[0]
    assert short[:200].abs().max() < 1e-3 < short[600:800].abs().max()


def test_a_timbre_is_gains_in_decibels_and_a_band_has_edges():
    both = views.plain(tone(500.0) + tone(3000.0))
    ends = torch.zeros(1), torch.ones(1)
    gains = torch.zeros(1, 8)
    gains[0, 5:] = -20.0  # places from 0.71 on: above 2 kHz or so
    seen = waves.colour(both, torch.ones(1), gains, *ends)
    spectrum = torch.fft.rfft(seen / both.abs().max()).abs()[0]
    before = torch.fft.rfft(both / both.abs().max()).abs()[0]
    assert spectrum[250] / before[250] == pytest.approx(1, abs=0.02)
    assert spectrum[1500] / before[1500] == pytest.approx(0.1, abs=0.01)
    cut = waves.colour(both, torch.ones(1), 0 * gains, torch.tensor([0.25]), torch.ones(1))
    spectrum = torch.fft.rfft(cut / both.abs().max()).abs()[0]
    assert spectrum[250] / before[250] == pytest.approx(10 ** (-24 / 20), rel=0.1)  # an octave


def test_voices_are_a_row_s_own_and_a_function_of_the_stream(rows):
    plain = views.plain(rows)
    how = Source(0.2, 3.0, 0.15, 6.0, 0.3)
    seen = views.disturb(plain, how, "test", 1)
    assert torch.equal(seen, views.disturb(plain, how, "test", 1))
    assert not torch.equal(seen, views.disturb(plain, how, "test", 2))
    assert torch.isfinite(seen).all() and (seen != plain).any(1).all()
    assert seen.shape == plain.shape and seen.abs().max() < 4
