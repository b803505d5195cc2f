import re

import pytest
import yaml

CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


@pytest.fixture
def pip(request):
    return pip_pins(request.config.rootpath / "requirements.txt")


def pip_pins(path):
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9.]+(\w+)?", line) for line in lines)
    return {name.lower(): version for name, version in (line.split("==") for line in lines)}


def test_conda_and_pip_pin_the_same(pip, request):
    environment = yaml.safe_load((request.config.rootpath / "environment.yml").read_text())
    conda = dict(line.split(" =") for line in environment["dependencies"])
    assert conda.pop("python") == "3.11"
    assert conda == {CONDA_NAMES.get(name, name): version for name, version in pip.items()}


def test_constraints_hold_the_same_pins(pip, request):
    constraints = pip_pins(request.config.rootpath / "constraints.txt")
    assert {name: constraints.get(name) for name in pip} == pip


def test_what_s3_needs_lies_beside_the_pins(request):
    """All but one package: botocore refuses a newer python-dateutil."""
    constraints = pip_pins(request.config.rootpath / "constraints.txt")
    apart = pip_pins(request.config.rootpath / "requirements-s3.txt")
    assert constraints.keys() & apart.keys() == {"python-dateutil"}


def test_nothing_comes_from_a_channel_of_defaults(request):
    environment = yaml.safe_load((request.config.rootpath / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "bioconda", "nodefaults"]
