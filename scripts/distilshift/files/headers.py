"""What a safetensors file of ours says of itself: its kind, provenance, and own hashes.

Without torch, so that a step which needs none does not wait for its import.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from distilshift.errors import InputError, rerun

import numpy as np
import safetensors

KEY = "distilshift"
DTYPES = {
    "I64": np.dtype("<i8"),
    "U8": np.dtype("u1"),
    "I16": np.dtype("<i2"),
}  # of inputs, labels, ids and names


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
        InputError: the file is missing, a folder, cut short, not ours, or of another kind.
    """
    # what may be a file of others is not to be deleted on our word
    remedy = f"check the flags; if a step wrote it, {rerun(rule)}"
    if Path(path).is_dir():
        raise InputError(path, "is a folder, expected a file", "check the flags")
    try:
        with safetensors.safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise InputError(path, "no such file", rerun(rule)) from None
    except safetensors.SafetensorError as error:
        problem = f"not a whole safetensors file ({error})"
        raise InputError(path, problem, remedy) from None
    if KEY not in metadata:
        raise InputError(path, "was not written by distilshift", remedy)
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
    """The content of a file as arrays (memory-mapped) and its provenance, verified.

    Args:
        kind: the kind that is expected.
        rule: the rule that makes such a file, named in the error.

    Raises:
        InputError: as ``read_header``, and for content that its hash does not match.
    """
    header = read_header(path, kind, rule)
    arrays = dict(sorted(_mapped(path)))
    parts = (
        (name, a.dtype.name, a.shape, a.reshape(-1).view(np.uint8)) for name, a in arrays.items()
    )
    check_content(path, header, content_sha256(parts), rule)
    return arrays, header


def _mapped(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a whole safetensors file; its own reader would copy them into memory."""
    content = np.memmap(path, np.uint8, "r")
    start = 8 + int.from_bytes(content[:8].tobytes(), "little")
    for name, known in json.loads(content[8:start].tobytes()).items():
        if name != "__metadata__":
            first, last = known["data_offsets"]
            some = content[start + first : start + last]
            yield name, some.view(DTYPES[known["dtype"]]).reshape(known["shape"])
