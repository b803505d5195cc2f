import re
import tomllib

import pytest
import yaml
from packaging.specifiers import SpecifierSet

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
    python, *packages = environment["dependencies"]
    conda = dict(line.split(" =") for line in packages)
    project = tomllib.loads((request.config.rootpath / "pyproject.toml").read_text())["project"]
    assert python == f"python {project['requires-python']}"
    assert conda == {CONDA_NAMES.get(name, name): version for name, version in pip.items()}


def test_constraints_hold_the_same_pins(pip, request):
    constraints = pip_pins(request.config.rootpath / "constraints.txt")
    assert {name: constraints.get(name) for name in pip} == pip


def test_what_s3_needs_lies_beside_the_pins(request):
    """All but one package the same: botocore refuses a newer python-dateutil."""
    constraints = pip_pins(request.config.rootpath / "constraints.txt")
    apart = pip_pins(request.config.rootpath / "requirements-s3.txt")
    differ = {name for name in apart if constraints.get(name, apart[name]) != apart[name]}
    assert differ == {"python-dateutil"}


def test_containers_and_ci_install_these_pins_under_a_python_that_they_hold_for(request):
    root = request.config.rootpath
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    install = "pip install --no-cache-dir -r requirements.txt -c constraints.txt"
    images = set()
    for name, base in (("Dockerfile", "FROM"), ("distilshift.def", "From:")):
        text = (root / name).read_text()
        assert text.count("pip install") == text.count(install) == 1, name
        images |= set(re.findall(rf"^{base} (.*)$", text, re.MULTILINE))
    assert len(images) == 1
    version = re.fullmatch(r"python:(3\.\d+)-slim-\w+", images.pop())[1]
    workflow = yaml.safe_load((root / ".github/workflows/ci.yml").read_text())
    tested = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tested == ["3.11", "3.12", "3.13"] and version in tested
    allowed = SpecifierSet(project["requires-python"])
    assert [minor for minor in range(30) if f"3.{minor}" in allowed] == [11, 12, 13]


def test_nothing_comes_from_a_channel_of_defaults(request):
    environment = yaml.safe_load((request.config.rootpath / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "bioconda", "nodefaults"]
