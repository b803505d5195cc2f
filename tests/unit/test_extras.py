import re
import tomllib

from distilshift import extras
from distilshift.errors import InputError

import pytest


def test_a_package_that_is_there_is_given():
    assert extras.load("json.decoder", "text", "--model") is __import__("json").decoder


def test_a_missing_one_is_asked_for_by_the_name_of_its_extra():
    line = (
        "--model timm/x: needs no_such_package, which is not installed; in the project's folder: "
        "pip install -c constraints.txt '.[timm]'"
    )
    with pytest.raises(InputError, match=f"^{re.escape(line)}$"):
        extras.load("no_such_package.models", "timm", "--model timm/x")


@pytest.mark.parametrize("missing", ["no_such_package", "broken.part"])
def test_a_broken_package_is_not_called_missing(tmp_path, monkeypatch, missing):
    (tmp_path / "broken.py").write_text(f"import {missing}")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match=missing):
        extras.load("broken", "text", "--model")


def test_every_extra_that_is_asked_for_is_declared(request):
    root = request.config.rootpath
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    sources = [path.read_text() for path in (root / "scripts").rglob("*.py")]
    asked = set()
    for source in sources:
        asked |= set(re.findall(r"extras\.load\(\s*\"[\w.]+\", \"(\w+)\"", source))
    assert asked <= project["optional-dependencies"].keys()
