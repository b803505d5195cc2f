"""What a safetensors file of ours says of itself: its kind, provenance, and own hashes.

Without torch, so that a step which needs none does not wait for its import.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from distilshift.errors import InputError, rerun

import numpy as np
import safetensors

KEY = "distilshift"


def sealed(header: dict) -> dict:
    """A header with its own sha256: a flipped bit in a class name is damage too."""
    text = json.dumps(header, sort_keys=True)
    return {**header, "header_sha256": hashlib.sha256(text.encode()).hexdigest()}


def content_sha256(parts: Iterable[tuple[str, str, tuple[int, ...], np.ndarray]]) -> str:
    """The hash of named arrays as (name, type, shape, bytes as uint8), which come by name."""
    digest = hashlib.sha256()
    for name, dtype, shape, content in parts:
        digest.update(f"{name} torch.{dtype} {shape}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def read_header(path: Path, kind: str, rule: str) -> dict:
    """The provenance of a file, without its content.

    Raises:
        InputError: the file is missing, cut short, not ours, or of another kind.
    """
    try:
        with safetensors.safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise InputError(path, "no such file", rerun(rule)) from None
    except safetensors.SafetensorError as error:
        problem = f"not a whole safetensors file ({error})"
        raise InputError(path, problem, rerun(rule)) from None
    if KEY not in metadata:
        raise InputError(path, "was not written by distilshift", rerun(rule))
    try:
        header = json.loads(metadata[KEY])
        seal = header.pop("header_sha256")
        whole = seal == sealed(header)["header_sha256"]
    except (ValueError, KeyError, AttributeError):
        whole = False
    if not whole:
        raise InputError(path, "damaged: its header does not match its sha256", rerun(rule))
    if header["kind"] != kind:
        raise InputError(path, f"holds {header['kind']}, expected {kind}", "check the flags")
    return header


def check_content(path: Path, header: dict, sha256: str, rule: str) -> None:
    """Refuse a file whose content has another hash than its header says."""
    if sha256 != header["sha256"]:
        raise InputError(path, "damaged: its content does not match its sha256", rerun(rule))


def load_arrays(path: Path, kind: str, rule: str) -> tuple[dict[str, np.ndarray], dict]:
    """The content of a file as arrays and its provenance, verified.

    Args:
        kind: the kind that is expected.
        rule: the rule that makes such a file, named in the error.

    Raises:
        InputError: as ``read_header``, and for content that its hash does not match.
    """
    header = read_header(path, kind, rule)
    with safetensors.safe_open(path, framework="np") as file:
        arrays = {name: file.get_tensor(name) for name in sorted(file.keys())}
    parts = (
        (name, a.dtype.name, a.shape, a.reshape(-1).view(np.uint8)) for name, a in arrays.items()
    )
    check_content(path, header, content_sha256(parts), rule)
    return arrays, header
