"""Self-describing tensor files: safetensors with a kind, provenance and a content hash.

Inputs, labels and weights are all kept so. safetensors holds no code, is memory-mapped,
and refuses truncated or foreign bytes; the sha256 of the content, kept in the header,
catches the flipped bit that it would not.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from distilshift.cli import whole_file
from distilshift.files import headers
from distilshift.files.headers import KEY, check_content, read_header, sealed

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor


def save(path: Path, kind: str, tensors: Mapping[str, Tensor], provenance: dict) -> str:
    """Write ``tensors`` whole or not at all, and return their content's sha256.

    Args:
        kind: what the file is ("inputs", "labels", "weights"): ``load`` asks for it.
        provenance: JSON-able facts, kept in the header. One header key holds them all,
            because the order of several would differ from run to run.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    sha256 = content_sha256(plain)
    header = sealed({**provenance, "kind": kind, "sha256": sha256})
    with whole_file(path) as part:
        try:
            safetensors.torch.save_file(plain, part, {KEY: json.dumps(header, sort_keys=True)})
        except safetensors.SafetensorError as error:
            number = re.search(r"os error (\d+)", str(error))
            if number:  # a full disk, say
                raise OSError(int(number[1]), str(error)) from None
            raise
    return sha256


class Rows:
    """Inputs and their ids, written as they come: the file of a set larger than memory.

    The layout is that of ``save``: ids, then inputs. The inputs begin at a fixed place; a
    header padded with blanks fills what lies before, whatever the count turns out to be.
    """

    def __init__(self, file: BinaryIO, at_most: int, provenance: dict):
        self.provenance = provenance  # may grow until the end
        self.count, self.sha256 = 0, ""
        self._file, self._ids, self._shape = file, [], (0, 0, 0)
        room = 8 + len(json.dumps(json.dumps(provenance))) + 2048
        self._start = (room + 7) // 8 * 8 + 8 * at_most
        file.seek(self._start)

    def append(self, inputs: Tensor, ids: Tensor) -> None:
        """Rows of uint8 (n, C, H, W), all of one shape, and int64 (n,)."""
        self._file.write(inputs.contiguous().numpy())
        self._ids.append(ids)
        self._shape = tuple(inputs.shape[1:])
        self.count += len(ids)

    @property
    def ids(self) -> Tensor:
        return torch.cat([torch.empty(0, dtype=torch.int64), *self._ids])

    @property
    def shape(self) -> tuple[int, ...]:
        return self.count, *self._shape

    def _finish(self, kind: str) -> None:
        ids, shape, file = self.ids.numpy(), self.shape, self._file
        end, begin = file.tell(), self._start - ids.nbytes
        file.seek(begin)
        file.write(ids)
        file.flush()
        digest = hashlib.sha256(f"ids torch.int64 ({self.count},)\n".encode())
        digest.update(ids)
        digest.update(f"inputs torch.uint8 {shape}\n".encode())
        if end > self._start:
            digest.update(np.memmap(file, np.uint8, "r", self._start))
        self.sha256 = digest.hexdigest()
        facts = sealed({**self.provenance, "kind": kind, "sha256": self.sha256})
        content = [0, ids.nbytes, ids.nbytes + end - self._start]
        header = {
            "__metadata__": {KEY: json.dumps(facts, sort_keys=True)},
            "ids": {"dtype": "I64", "shape": [self.count], "data_offsets": content[:2]},
            "inputs": {"dtype": "U8", "shape": shape, "data_offsets": content[1:]},
        }
        text = json.dumps(header).encode().ljust(begin - 8)
        if len(text) != begin - 8:
            raise RuntimeError("the header outgrew the room that was kept for it")
        file.seek(0)
        file.write(len(text).to_bytes(8, "little") + text)


@contextlib.contextmanager
def writing_rows(path: Path, kind: str, at_most: int, provenance: dict) -> Iterator[Rows]:
    """Write inputs batch by batch, whole or not at all: ``rows.append(inputs, ids)``.

    Args:
        at_most: no more rows than this will come.
        provenance: JSON-able facts; ``rows.provenance`` may be added to until the end.
    """
    with whole_file(path) as part, part.open("w+b") as file:
        rows = Rows(file, at_most, provenance)
        yield rows
        rows._finish(kind)


def content_sha256(tensors: Mapping[str, Tensor]) -> str:
    """The hash of names, types, shapes and bytes, whatever the order they come in."""

    def parts():
        for name, tensor in sorted(tensors.items()):
            content = tensor.contiguous().view(-1).view(torch.uint8).numpy()
            yield name, str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), content

    return headers.content_sha256(parts())


def load(path: Path, kind: str, rule: str) -> tuple[dict[str, Tensor], dict]:
    """The tensors of a file (memory-mapped, on the CPU) and its provenance, verified.

    Args:
        kind: the kind that is expected.
        rule: the rule that makes such a file, named in the error.

    Raises:
        InputError: as ``read_header``, and for content that its hash does not match.
    """
    header = read_header(path, kind, rule)
    with safetensors.safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    check_content(path, header, content_sha256(tensors), rule)
    return tensors, header
