"""Scripts run in this process, where that shows the same as a process of their own."""

import contextlib
import io
import logging
import runpy
import sys
from pathlib import Path
from unittest import mock

from distilshift import cli

SCRIPTS = Path(__file__).parents[1] / "scripts"


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
