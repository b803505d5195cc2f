"""Scripts run in this process, where that shows the same as a process of their own."""

import contextlib
import io
import logging
import runpy
import shutil
import sys
from unittest import mock

from distilshift import cli

import pytest
from chain import SCRIPTS, Chain


def call(script: str, args: list[str]) -> tuple[int, str]:
    """Exit status and stderr of a script; anything but SystemExit comes through."""
    logging.getLogger("distilshift").handlers.clear()
    shown = io.StringIO()
    program = str(SCRIPTS / f"{script}.py")
    here = (
        mock.patch.object(sys, "argv", [program, *args]),
        mock.patch.object(cli, "leave", sys.exit),  # else the tests' own process would end
    )
    try:
        with here[0], here[1], contextlib.redirect_stderr(shown):
            runpy.run_path(program, run_name="__main__")
    except SystemExit as stopped:
        return stopped.code, shown.getvalue()
    return 0, shown.getvalue()


@pytest.fixture(scope="session")
def run_script():
    return call


@pytest.fixture(scope="session")
def made(tmp_path_factory, write_dataset) -> Chain:
    """A folder in which the whole chain has run by hand."""
    chain = Chain(tmp_path_factory.mktemp("made"))
    (chain.folder / "dataset").mkdir()
    write_dataset(chain.folder / "dataset", count=80)
    for name, (script, args) in chain.steps().items():
        status, shown = call(script, args)
        assert status == 0, f"{name}: {shown}"
    return chain


@pytest.fixture
def chain(made, tmp_path) -> Chain:
    """A copy of that folder to damage."""
    shutil.copytree(made.folder, tmp_path / "copy")
    return Chain(tmp_path / "copy")
