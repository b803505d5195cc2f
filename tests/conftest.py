"""Tiny data that every test can make in a moment."""

import logging

from distilshift.files import tensors

import pytest
import torch

torch.set_num_threads(1)  # tiny tensors: more threads only wait for one another
CLASSES = [str(digit) for digit in range(10)]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items):
    """Among several processes (pytest -n) a run that tests share is made once, by one of them."""
    for item in items:
        shared = {"finished", "made", "commands"}.intersection(item.fixturenames)
        group = item.path.parent if shared else item.path
        item.add_marker(pytest.mark.xdist_group(str(group)))


@pytest.fixture(autouse=True)
def _quiet_log():
    """Scripts that run in this process leave no handler behind."""
    log = logging.getLogger("distilshift")
    before, propagate = list(log.handlers), log.propagate
    yield
    log.handlers[:], log.propagate = before, propagate


@pytest.fixture(scope="session")
def digits():
    """digits(count, seed) -> inputs uint8 (N, 1, 8, 8), labels: a bright bar a class, and noise."""

    def make(count: int = 60, seed: int = 0):
        generator = torch.Generator().manual_seed(seed)
        labels = torch.arange(count) % 10
        inputs = torch.randint(0, 60, (count, 1, 8, 8), generator=generator, dtype=torch.uint8)
        inputs[torch.arange(count), 0, labels % 8] += 120
        inputs[labels >= 8] = 255 - inputs[labels >= 8]
        return inputs, labels

    return make


@pytest.fixture(scope="session")
def write_dataset(digits):
    """write_dataset(folder, name) -> paths of the inputs and labels of a canonical dataset."""

    def write(folder, name="toy", train=None, seed=0, count=60):
        inputs, labels = digits(count, seed)
        ids = torch.arange(len(inputs))
        known = {"dataset": name, "classes": CLASSES}
        paths = folder / "inputs.safetensors", folder / "labels.safetensors"
        pixels = {"inputs": inputs, "ids": ids}
        tensors.save(paths[0], "dataset inputs", pixels, {**known, "train": train})
        tensors.save(paths[1], "dataset labels", {"labels": labels, "ids": ids}, known)
        return paths

    return write
