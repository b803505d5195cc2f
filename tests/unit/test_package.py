"""The package installs, and says of itself what the other files say."""

import ast
import importlib.metadata
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

MODULES = {"sklearn": "scikit-learn", "PIL": "pillow"}


@pytest.fixture(scope="module")
def root(request):
    return request.config.rootpath


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def pins(path):
    lines = [line for line in path.read_text().splitlines() if "==" in line and line[0] != "#"]
    return {name.lower(): version for name, version in (line.split("==") for line in lines)}


def test_the_version_is_the_same_wherever_it_is_said(root, project):
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert citation["version"] == project["version"]
    assert f"\n## {project['version']}" in (root / "CHANGELOG.md").read_text()


def test_ranges_hold_the_pins_and_begin_at_them(root, project):
    """No version is promised that is older than what was tried."""
    pinned = pins(root / "constraints.txt")
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    for requirement in (Requirement(text) for group in groups for text in group):
        version = pinned[requirement.name.lower()]
        assert version in requirement.specifier, requirement
        least = str(requirement.specifier).removeprefix(">=")
        assert f"{version}.".startswith(f"{least}."), requirement


def test_what_the_package_imports_is_declared(root, project):
    declared = {Requirement(text).name for text in project["dependencies"]}
    found = set()
    for path in (root / "scripts/distilshift").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.split(".")[0])
    found -= {*sys.stdlib_module_names, "distilshift"}
    assert {"torch", "pyarrow"} <= found
    assert {MODULES.get(name, name) for name in found} <= declared


def test_it_installs_and_is_imported_from_anywhere(root, tmp_path):
    """Into a folder, without its dependencies, which are here; nothing is left in the tree."""
    # its version, not its import, which refuses to follow an import of distutils
    if int(importlib.metadata.version("setuptools").split(".")[0]) < 77:
        pytest.skip("setuptools 77 builds it; to enable: make test")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, tmp_path / name)
    shutil.copytree(root / "scripts", tmp_path / "scripts")
    there = tmp_path / "there"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    install += ["--no-build-isolation", "--target", there, tmp_path]
    subprocess.run(install, check=True)
    code = "import distilshift.analysis.metrics as m, importlib.metadata as d;"
    code += "print(m.__file__, d.version('distilshift'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "there",
        env={"PYTHONPATH": str(there)},
        capture_output=True,
        text=True,
        check=True,
    )
    module, version = done.stdout.split()
    assert module == str(there / "distilshift/analysis/metrics.py")
    assert f'version = "{version}"' in (root / "pyproject.toml").read_text()
    assert {path.name for path in there.iterdir() if path.suffix != ".dist-info"} == {"distilshift"}
