"""Made sounds: each class a vowel-like sweep of its own, in noise."""

import numpy as np
import torch

RATE = 8000
INPUT = {"rate": RATE, "seconds": 0.5}


def tones(count=40, classes=4, seed=0, length=4000):
    """int16 (count, length) and labels: harmonics that rise, fall or stay, and silence around."""
    random = np.random.default_rng(seed)
    times = np.arange(length) / RATE
    labels = np.arange(count) % classes
    rows = np.zeros((count, length))
    for row, label in enumerate(labels):
        pitch = 110 * 2 ** random.uniform(-0.5, 0.5) * (1 + (label % 2) * times)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        formant = (500, 900, 1500, 2300)[label % 4]
        for k in range(1, 20):
            near = np.exp(-(((k * pitch - formant) / 300) ** 2)) + 0.02
            rows[row] += near * np.sin(k * phase)
        rows[row] *= np.exp(-(((times - times.mean()) / 0.1) ** 4))
    rows *= 0.3 / np.abs(rows).max(1, keepdims=True)
    rows += random.normal(0, 0.001, rows.shape)
    return torch.from_numpy((rows * 32767).astype(np.int16)), torch.from_numpy(labels)
