"""One copy of the repository in which the small experiment has run, shared by the tests."""

from pathlib import Path

import pytest
from copies import ROOT, Copy


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def make_copy(tmp_path_factory):
    return lambda name: Copy.made(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def finished(once) -> Copy:
    """A copy after one whole small run."""
    return Copy(once("finished", lambda folder: Copy.made(folder).run()))
