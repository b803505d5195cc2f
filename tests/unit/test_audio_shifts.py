"""Every shift of sounds: deterministic a sample, right in size and type, and its closed form."""

from distilshift.audio import shifts, views, waves
from distilshift.audio.shifts import disturbances
from distilshift.data import kinds
from distilshift.data import shifts as composed

import numpy as np
import pytest
import torch
from sounds import RATE, tones

AUDIO = kinds.load("audio")
SOME = {"pitch": 4.0, "gain": 0.3}  # a strength that any of them has: 0.4


@pytest.fixture(scope="module")
def rows():
    return tones(12)[0]


def shifted(rows, kind, strength, ids=None, **more):
    ids = torch.arange(len(rows)) if ids is None else ids
    return composed.apply(AUDIO, rows, ids, [{"kind": kind, "strength": strength, **more}])


@pytest.mark.parametrize("kind", shifts.SHIFTS)
def test_a_sample_sounds_the_same_whatever_is_beside_it(rows, kind):
    strength = SOME.get(kind, 0.4)
    before, whole = rows.clone(), shifted(rows, kind, strength)
    some = torch.tensor([7, 2])
    assert torch.equal(shifted(rows[some], kind, strength, ids=some), whole[some])
    assert whole.dtype == torch.int16 and whole.shape == rows.shape
    assert torch.equal(rows, before), "the input was written to"
    assert (whole != rows).any(1).all()


@pytest.mark.parametrize("kind", shifts.SHIFTS)
def test_a_dial_at_zero_changes_nothing_and_each_has_its_end(rows, kind):
    assert torch.equal(shifted(rows, kind, 0), rows)
    largest, is_reached = shifts.STRENGTHS.get(kind, (1, True))
    assert composed.valid(AUDIO, kind, largest) == is_reached
    assert not composed.valid(AUDIO, kind, 1.01 * largest)
    end = largest if is_reached else 0.99 * largest
    assert shifted(rows[:2], kind, end).shape == (2, 4000)
    silent = torch.zeros(2, 4000, dtype=torch.int16)
    assert not shifted(silent, kind, 0.4).any()


@pytest.mark.parametrize("kind", [k for k in shifts.SHIFTS if k not in ("speed", "pitch", "tract")])
def test_more_is_more(rows, kind):
    far = [(shifted(rows, kind, s).float() - rows).abs().mean().item() for s in (0.1, 0.3, 0.6)]
    assert far[0] < far[1] < far[2]


@pytest.mark.parametrize("kind", ["noise", "babble"])
@pytest.mark.parametrize("strength", [0.1, 1.0])
def test_noise_is_measured_against_what_is_heard(rows, kind, strength):
    quiet = rows // 8  # so that nothing is cut off
    added = (shifted(quiet, kind, strength).float() - quiet.float()) / 32768
    level = waves.level(views.plain(quiet))[:, 0]
    ratio = 20 * torch.log10(level / added.square().mean(1).sqrt())
    assert (ratio + 20 * np.log10(strength)).abs().max() < 0.1  # decibels


def test_a_level_is_that_of_the_sound_and_not_of_the_silence_around_it():
    times = torch.arange(4000) / RATE
    whole = 0.5 * torch.sin(2 * torch.pi * 523 * times)[None]
    half = whole * (torch.arange(4000) < 2000)
    for wave in (whole, half, 1e-3 * half):
        expected = wave.abs().max() / 2**0.5
        assert waves.level(wave).item() == pytest.approx(expected.item(), rel=0.02)


def test_babble_has_the_spectrum_of_speech_and_noise_has_not(rows):
    def lows(kind):
        added = shifted(rows // 8, kind, 1.0).float() - rows // 8
        power = torch.fft.rfft(added).abs().square().mean(0)
        return power[: len(power) // 2].sum() / power.sum()

    speech = torch.fft.rfft(rows.float()).abs().square().mean(0)
    assert abs(lows("noise") - 0.5) < 0.02
    assert abs(lows("babble") - speech[: len(speech) // 2].sum() / speech.sum()) < 0.15


def test_a_room_answers_a_click_by_a_tail_that_decays_evenly():
    click = torch.zeros(200, 4000, dtype=torch.int16)
    click[:, 0] = 3000
    heard = shifted(click, "reverberation", 0.5).float()
    assert torch.equal(heard[:, 0], torch.full((200,), 3000.0))
    energy = heard[:, 1:].square()
    assert energy.sum(1).mean() == pytest.approx(3000**2, rel=0.01)
    # 60 dB in half a row: 12 dB in each of its tenths
    tenths = energy[:, :1600].unflatten(1, (4, 400)).sum((0, 2))
    falls = 10 * torch.log10(tenths[:-1] / tenths[1:])
    assert (falls - 12).abs().max() < 0.5


def test_a_room_without_a_tail_changes_next_to_nothing(rows):
    """A tail that falls by 60 dB within a sample is below the smallest number: 0 / 0."""
    for strength in (1e-300, 1e-7, 1e-6):
        assert (shifted(rows, "reverberation", strength).int() - rows).abs().max() <= 1


def test_lost_packets_are_twenty_milliseconds_of_silence():
    loud = torch.full((400, 8000), 1000, dtype=torch.int16)
    heard = shifted(loud, "dropouts", 0.3).unflatten(1, (50, 160))
    assert ((heard == 0).all(2) | (heard == 1000).all(2)).all()
    assert (heard[:, :, 0] == 0).float().mean() == pytest.approx(0.3, abs=0.01)
    assert not shifted(loud, "dropouts", 1).any()


def test_a_narrow_band_cuts_what_is_outside_and_leaves_the_rest():
    times = torch.arange(8000).double() / 8000
    parts = {f: (3000 * torch.sin(2 * torch.pi * f * times)) for f in (100, 1000, 3900)}
    mixed = sum(parts.values()).round().to(torch.int16)[None]
    heard = shifted(mixed, "band_limit", 0.4).float()[0]  # 160 to 2,560 Hz are left
    assert (heard - parts[1000]).abs().max() < 2


def test_closed_forms_of_levels(rows):
    assert torch.equal(shifted(rows, "gain", 1 / 3), (rows / 10).round().to(torch.int16))
    clipped = shifted(rows, "clipping", 0.75).float()
    most = rows.float().abs().amax(1, keepdim=True) / 4
    assert (clipped - 4 * rows.float().clamp(-most, most)).abs().max() <= 1


def test_mu_law_is_the_formula_in_fewer_steps():
    row = torch.arange(-32768, 32768, dtype=torch.int32).to(torch.int16)[None]
    x = row.double() / 32768
    for strength, bits in ((0.01, 8), (0.5, 4), (1, 2)):
        heard = shifted(row, "mu_law", strength)
        assert len(heard.unique()) == 2**bits - 1  # a sign, a magnitude, and 0 once
        most = 2 ** (bits - 1) - 1
        pressed = x.sign() * torch.log1p(255 * x.abs()) / np.log(256)
        found = heard.double() / 32768
        pressed_found = found.sign() * torch.log1p(255 * found.abs()) / np.log(256)
        assert (pressed - pressed_found).abs().max() <= 0.5 / most + 1e-3
        assert not heard[row == 0].any()
    telephone = shifted(row, "mu_law", 0.01).double() / 32768
    loud = x.abs() > 0.05
    ratio = 10 * torch.log10(x[loud].square().mean() / (x - telephone)[loud].square().mean())
    assert 35 < ratio < 41  # of G.711, about 38 dB over a wide range


def test_voices_move_by_what_is_said_either_way():
    times = torch.arange(8000) / 8000
    tone = (8000 * torch.sin(2 * torch.pi * 500 * times)).to(torch.int16).expand(16, -1)

    def strongest(heard):
        spectrum = torch.fft.rfft(heard.float() * torch.hann_window(8000)).abs()
        return spectrum.argmax(1)

    assert set(strongest(shifted(tone, "speed", 0.2)).tolist()) == {400, 600}
    found = set(strongest(shifted(tone, "pitch", 12)).tolist())
    assert {round(f / 250) for f in found} == {1, 4}  # an octave either way
    one = disturbances.uniform([np.random.default_rng(0)], 1)
    assert 0 <= one.item() < 1


def test_the_seed_and_the_place_change_the_draw(rows):
    plain = shifted(rows, "noise", 0.2)
    assert not torch.equal(shifted(rows, "noise", 0.2, seed=1), plain)
    twice = [{"kind": "noise", "strength": 0.2}] * 2
    assert not torch.equal(
        composed.apply(AUDIO, rows, torch.arange(12), twice), shifted(plain, "noise", 0.2)
    )
