"""A file of the user's own Python, whose function builds a network: ``mine.py:build``."""

import hashlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

from distilshift.errors import InputError


def is_own(name: str) -> bool:
    """Whether a network's name is a file of the user's, and a function of it."""
    return re.search(r"\.py:\w+$", name) is not None


def sha256(name: str) -> str:
    """Of the file.

    Raises:
        InputError: there is none.
    """
    path = Path(name.rpartition(":")[0])
    if not path.is_file():
        raise InputError(f"model {name}", f"there is no file {path}", "paths start where you are")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load(name: str, expected: str | None = None) -> Callable:
    """The function; the file is run for it.

    Args:
        expected: the sha256 that it must have, where weights name it: else whoever made the
            weights would choose what is run.

    Raises:
        InputError: no such file or function, or another file.
    """
    place, _, function = name.rpartition(":")
    found = sha256(name)
    if expected not in (None, found):
        problem = f"{place} has sha256 {found}, the weights were made with {expected}"
        raise InputError(f"model {name}", problem, "train them again, or bring that file back")
    spec = importlib.util.spec_from_file_location(f"own_{found[:16]}", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = getattr(module, function, None)
    if not callable(made):
        raise InputError(f"model {name}", f"{place} has no function {function}")
    return made
