"""Log-mel spectra against scipy and a filterbank written point by point."""

from distilshift.audio import prepare, views

import numpy as np
import pytest
import torch
from scipy.signal import ShortTimeFFT
from sounds import RATE, tones


def expected_bank(mels, window, rate):
    top = 2595 * np.log10(1 + rate / 2 / 700)
    corners = [700 * (10 ** (top * k / (mels + 1) / 2595) - 1) for k in range(mels + 2)]
    bank = np.zeros((mels, window // 2 + 1))
    for band in range(mels):
        left, middle, right = corners[band : band + 3]
        for number in range(window // 2 + 1):
            hertz = number * rate / window
            if left < hertz <= middle:
                bank[band, number] = (hertz - left) / (middle - left)
            elif middle < hertz < right:
                bank[band, number] = (right - hertz) / (right - middle)
    return bank


def test_mels_are_htks():
    hertz = torch.tensor([0.0, 700.0, 1000.0, 6300.0])
    expected = [0.0, 2595 * np.log10(2), 999.99, 2595.0]
    np.testing.assert_allclose(prepare.mel(hertz), expected, atol=0.01)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_filterbank_is_triangles_even_in_mels(rate):
    bank = prepare.filterbank(40, rate * 32 // 1000, rate)
    np.testing.assert_allclose(bank, expected_bank(40, rate * 32 // 1000, rate), atol=1e-6)
    assert bank.sum(1).min() > 0.4, "a band sees nothing"


def test_log_mel_is_scipys_spectrum_through_the_filterbank():
    waves = views.plain(tones(6)[0])
    found = prepare.Prepare(RATE)(waves)[:, 0].numpy()
    window = np.hanning(257)[:-1]  # periodic
    transform = ShortTimeFFT(window, 128, RATE, fft_mode="onesided")
    for wave, spectrum in zip(waves.numpy().astype(np.float64), found, strict=True):
        padded = np.pad(wave, 128)
        frames = np.stack([padded[k : k + 256] for k in range(0, len(wave) + 1, 128)], 1)
        power = np.abs(np.fft.rfft(frames * window[:, None], axis=0)) ** 2
        theirs = np.abs(transform.stft(wave, p0=0, p1=power.shape[1])) ** 2
        np.testing.assert_allclose(power, theirs, rtol=1e-6, atol=1e-12)
        decibels = 10 * np.log10((expected_bank(40, 256, RATE) @ power).clip(1e-10))
        expected = (decibels - decibels.max()).clip(-60) / 30 + 1
        np.testing.assert_allclose(spectrum, expected, atol=2e-3)


def test_how_loud_a_row_is_leaves_no_trace_and_silence_is_finite():
    waves = views.plain(tones(6)[0])
    how = prepare.Prepare(RATE)
    torch.testing.assert_close(how(waves), how(waves * 0.25), atol=1e-3, rtol=0)
    silent = how(torch.zeros(1, 4000))
    assert torch.isfinite(silent).all() and len(silent.unique()) == 1
    seen = how(waves)
    assert seen.shape == (6, 1, 40, how.frames(4000)) and seen.min() >= -1 and seen.max() == 1


def test_a_row_is_prepared_alike_whatever_is_beside_it():
    waves, how = views.plain(tones(24)[0]), prepare.Prepare(RATE)
    torch.testing.assert_close(how(waves)[5:7], how(waves[5:7]), atol=1e-5, rtol=0)


def test_facts_make_another_one_and_nothing_of_it_is_a_weight():
    how = prepare.Prepare(16000, mels=32)
    again = prepare.Prepare(**how.facts)
    assert torch.equal(how.bank, again.bank) and how.state_dict() == {}
    waves = torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = how(waves)
    assert torch.equal(mixed, again(waves)) and mixed.dtype == torch.float32
