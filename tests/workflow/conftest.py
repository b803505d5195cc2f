"""One copy of the repository in which the small experiment has run, shared by the tests."""

import re
import types
from pathlib import Path

import pytest
from copies import ROOT, Copy
from snakemake.exceptions import WorkflowError

SNAKEFILE = (ROOT / "workflow/Snakefile").read_text()


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


@pytest.fixture
def read(tmp_path, monkeypatch):
    """read(config) -> the names that the workflow makes of it; ``SystemExit`` where it refuses."""
    monkeypatch.chdir(tmp_path)

    def run(config, command_line=None, files=()):
        said = []
        workflow = types.SimpleNamespace(
            snakefile=str(ROOT / "workflow/common/code.smk"),
            modifier_stack=[None],
            config_settings=types.SimpleNamespace(config=command_line or {}),
            storage_settings=types.SimpleNamespace(default_storage_provider=None),
            is_main_process=True,
            configfiles=files,
            overwrite_configfiles=files,
        )
        names = {
            "config": config,
            "workflow": workflow,
            "WorkflowError": WorkflowError,
            "local": lambda path: path,
            "ancient": lambda path: path,
            "logger": types.SimpleNamespace(warning=said.append),
            "said": said,
        }
        for name in re.findall(r'^include: "(common/\w+[.]smk)"', SNAKEFILE, re.MULTILINE):
            path = ROOT / "workflow" / name
            exec(compile(path.read_text(), path, "exec"), names)
            if path.stem == "mistakes":
                return names

    return run
