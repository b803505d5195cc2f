"""JSON files that carry the sha256 of their own content."""

import hashlib
import json
from pathlib import Path

from distilshift.cli import whole_file
from distilshift.errors import InputError, rerun

KEY = "content_sha256"


def write(path: Path, content: dict) -> None:
    """Write JSON-able facts, whole or not at all; for people to read too."""
    sealed = {**content, KEY: sha256(content)}
    with whole_file(path) as part:
        part.write_text(json.dumps(sealed, indent=2) + "\n", encoding="utf-8")


def read(path: Path, rule: str) -> dict:
    """The facts of a file, verified.

    Args:
        rule: the rule that makes such a file, named in the error.

    Raises:
        InputError: the file is missing, damaged, or not of distilshift.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(path, "no such file", rerun(rule)) from None
    except (OSError, ValueError, RecursionError):
        raise InputError(path, "not a whole JSON file", rerun(rule)) from None
    if not isinstance(content, dict) or KEY not in content:
        raise InputError(path, "was not written by distilshift", rerun(rule))
    if content.pop(KEY) != sha256(content):
        raise InputError(path, "damaged: its content does not match its sha256", rerun(rule))
    return content


def sha256(content: dict) -> str:
    """Of JSON-able facts, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
