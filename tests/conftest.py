"""Tiny data that every test can make in a moment."""

import logging
import os
import shutil

from distilshift.files import tensors

import filelock
import pytest
import torch

torch.set_num_threads(1)  # tiny tensors: more threads only wait for one another
CLASSES = [str(digit) for digit in range(10)]


def pytest_collection_modifyitems(items):
    """What runs the workflow comes first: last, it would keep one of several processes alone."""
    items.sort(key=lambda item: item.path.parent.name not in ("workflow", "cluster"))


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """once(name, make) -> a folder as ``make(folder)`` fills it, which is called a single time.

    Of several processes (pytest -n) the first makes it and each has a copy of its own.
    """

    def folder(name, make):
        own = tmp_path_factory.mktemp(name)
        if "PYTEST_XDIST_WORKER" not in os.environ:
            make(own)
            return own
        shared = tmp_path_factory.getbasetemp().parent / name
        with filelock.FileLock(f"{shared}.lock"):
            if not shared.exists():
                make(own)
                shutil.copytree(own, shared)
                return own
        return shutil.copytree(shared, own, dirs_exist_ok=True)

    return folder


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
