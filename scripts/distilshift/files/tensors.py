"""Self-describing tensor files: safetensors with a kind, provenance and a content hash.

Inputs, labels and weights are all kept so. safetensors holds no code, is memory-mapped,
and refuses truncated or foreign bytes; the sha256 of the content, kept in the header,
catches the flipped bit that it would not.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from distilshift.cli import whole_file
from distilshift.files import headers, names
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
    plain = apart({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
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


def apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same, where no two lie in one storage, which safetensors would refuse.

    A layer that stands twice in a network has two names; each is filled when it is loaded.
    """
    found, places = {}, set()
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        found[name] = tensor.clone() if place in places else tensor
        places.add(place)
    return found


SHORT = {"int64": "I64", "uint8": "U8", "int16": "I16"}  # what safetensors calls them


class Rows:
    """Inputs, their ids and names, written as they come: the file of a set larger than memory.

    The layout is that of ``save``: ids, the names' ends, inputs, the names' texts. The
    inputs begin at a fixed place; a header padded with blanks fills what lies before,
    whatever the count turns out to be.
    """

    def __init__(self, file: BinaryIO, at_most: int, provenance: dict, named: bool):
        self.provenance = provenance  # may grow until the end
        self.count, self.sha256 = 0, ""
        self._file, self._ids, self._shape = file, [], (0, 0, 0)
        self._dtype = np.dtype(np.uint8)
        self._names: list[dict] | None = [] if named else None
        room = 8 + len(json.dumps(json.dumps(provenance))) + 2048
        self._start = (room + 7) // 8 * 8 + (16 if named else 8) * at_most
        file.seek(self._start)

    def append(self, inputs: Tensor, ids: Tensor, called: names.Names | None = None) -> None:
        """Rows (n, ...), all of one shape and type, their ids, int64 (n,), and n names."""
        content = inputs.contiguous().numpy()
        self._file.write(content)
        self._dtype = content.dtype
        self._ids.append(ids)
        if self._names is not None:
            self._names.append(names.stored(called))
        self._shape = tuple(inputs.shape[1:])
        self.count += len(ids)

    @property
    def ids(self) -> Tensor:
        return torch.cat([torch.empty(0, dtype=torch.int64), *self._ids])

    @property
    def shape(self) -> tuple[int, ...]:
        return self.count, *self._shape

    def _finish(self, kind: str) -> None:
        file, end = self._file, self._file.tell()
        numbers, texts = {"ids": self.ids.numpy()}, {}
        if self._names is not None:
            joined = names.joined(self._names)
            numbers[names.ENDS], texts[names.TEXT] = joined[names.ENDS], joined[names.TEXT]
            file.write(texts[names.TEXT])
        begin = self._start - sum(array.nbytes for array in numbers.values())
        file.seek(begin)
        for array in numbers.values():
            file.write(array)
        file.flush()
        inputs = np.empty(0, self._dtype)  # an empty file cannot be mapped
        if end > self._start:
            count = (end - self._start) // self._dtype.itemsize
            inputs = np.memmap(file, self._dtype, "r", self._start, count)
        arrays = {**numbers, "inputs": inputs, **texts}
        shapes = {name: array.shape for name, array in arrays.items()} | {"inputs": self.shape}
        parts = ((name, a.dtype.name, shapes[name], a) for name, a in sorted(arrays.items()))
        self.sha256 = headers.content_sha256(parts)
        facts = sealed({**self.provenance, "kind": kind, "sha256": self.sha256})
        header, at = {"__metadata__": {KEY: json.dumps(facts, sort_keys=True)}}, 0
        for name, array in arrays.items():
            known = {"dtype": SHORT[array.dtype.name], "shape": shapes[name]}
            header[name] = {**known, "data_offsets": [at, at + array.nbytes]}
            at += array.nbytes
        text = json.dumps(header).encode().ljust(begin - 8)
        if len(text) != begin - 8:
            raise RuntimeError("the header outgrew the room that was kept for it")
        file.seek(0)
        file.write(len(text).to_bytes(8, "little") + text)


@contextlib.contextmanager
def writing_rows(
    path: Path, kind: str, at_most: int, provenance: dict, named: bool = False
) -> Iterator[Rows]:
    """Write inputs batch by batch, whole or not at all: ``rows.append(inputs, ids, names)``.

    Args:
        at_most: no more rows than this will come.
        provenance: JSON-able facts; ``rows.provenance`` may be added to until the end.
        named: whether every row comes with a name.
    """
    with whole_file(path) as part, part.open("w+b") as file:
        rows = Rows(file, at_most, provenance, named)
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
