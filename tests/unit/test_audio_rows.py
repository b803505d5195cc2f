"""Sounds of any rate, length and channels become rows."""

from distilshift.audio import rows
from distilshift.audio.settings import Input
from distilshift.errors import InputError

import numpy as np
import pytest
import torch

WANTED = Input(8000, 1.0)


def click(length, at, wide=200):
    sound = np.zeros(length)
    sound[at : at + wide] = 0.5 * np.sin(np.arange(wide))
    return sound


def test_what_is_said_comes_into_the_middle():
    for length, at in ((3000, 100), (8000, 7000), (20000, 500), (20000, 19000)):
        row = rows.fit(click(length, at), 8000, WANTED)
        said = np.flatnonzero(row)
        assert row.shape == (8000,) and row.dtype == np.int16
        assert abs((said[0] + said[-1]) / 2 - 4000) < 5
        assert abs(row).max() == pytest.approx(0.5 * 32768, rel=0.001)  # the level stays


def test_of_a_longer_sound_the_loudest_second_is_kept():
    sound = np.concatenate([np.full(9000, 0.1), np.full(8000, 0.5), np.full(9000, 0.1)])
    assert (rows.fit(sound, 8000, WANTED) == 16384).all()
    assert not rows.fit(np.zeros(9000), 8000, WANTED).any()


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 6000])
def test_a_tone_keeps_its_frequency_at_any_rate(rate):
    times = np.arange(int(rate * 1.2)) / rate
    tone = np.stack([0.4 * np.sin(2 * np.pi * 440 * times)] * 2, 1)
    row = rows.fit(tone, rate, WANTED)
    spectrum = np.abs(np.fft.rfft(row * np.hanning(8000)))
    assert spectrum.argmax() == 440
    assert np.abs(row[100:-100]).max() == pytest.approx(0.4 * 32768, rel=0.01)


def test_what_half_the_new_rate_cannot_hold_is_filtered_before():
    times = np.arange(44100) / 44100
    row = rows.fit(0.4 * np.sin(2 * np.pi * 5000 * times), 44100, WANTED)
    assert np.abs(row[200:-200]).max() < 0.02 * 32768  # else it would be heard at 3 kHz


def test_channels_are_averaged_and_peaks_are_cut():
    sound = np.stack([click(8000, 3900), -click(8000, 3900)], 1)
    assert not rows.fit(sound, 8000, WANTED).any()
    row = rows.fit(4 * click(8000, 3900), 8000, WANTED)
    assert row.max() == 32767 and row.min() == -32768


@pytest.mark.parametrize(
    ("sound", "why"),
    [
        (np.zeros(0), "no sample"),
        (np.array([0, np.nan]), "no finite"),
        (np.array([0, -16000.0]), "values up to 16000; floats are -1 to 1"),
        (np.array([[300.0, -300.0]]), "values up to 300"),  # whose average is silent
    ],
)
def test_what_is_no_sound_is_refused(sound, why):
    with pytest.raises(ValueError, match=why):
        rows.fit(sound, 8000, WANTED)


def test_rows_of_another_length_were_made_for_another_experiment():
    made = torch.zeros(3, 8000, dtype=torch.int16)
    assert rows.conform(made, WANTED) is made
    with pytest.raises(InputError, match=r"8000 samples; 16000 Hz and 1.0 s are 16000"):
        rows.conform(made, Input(16000, 1.0))
