"""Reading domains: rows and, where a script may see them, the labels that belong."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from distilshift.data import kinds
from distilshift.errors import InputError, rerun
from distilshift.files import labels, tensors

import torch
from torch import Tensor

FACTS = ("data", "input", "classes")  # of a header, which two things that meet must share


class Inputs(NamedTuple):
    inputs: "Tensor | Mapped"  # (N, ...), as the kind of data keeps its rows
    ids: Tensor  # int64 (N,)
    header: dict  # data, input, domain, dataset, classes, shift, split, sha256
    features: "Features | None" = None  # of the plain rows, where a network's frozen part is kept

    @property
    def classes(self) -> list[str]:
        return self.header["classes"]

    @property
    def kind(self) -> kinds.Kind:
        return kinds.load(self.header["data"])

    @property
    def device(self) -> torch.device:
        """Where what is asked for arrives."""
        return self.inputs.device

    @property
    def known(self) -> dict:
        """What its rows and classes are: what a network or cache must be of, to belong to it."""
        return {name: self.header[name] for name in FACTS}

    @property
    def needs(self) -> dict:
        """What a network is built for, by the names of ``networks.build``."""
        return {**self.known, "classes": len(self.classes)}

    def some(self, rows: Tensor) -> "Inputs":
        """Those rows (n,) alone."""
        kept = self.features and self.features._replace(values=self.features.values[rows])
        return self._replace(inputs=self.inputs[rows], ids=self.ids[rows], features=kept)

    def plain(self, rows: Tensor) -> Tensor:
        """Those rows as networks see them, without augmentation."""
        if self.features:
            return self.features.values[rows]
        return self.kind.views.plain(self.inputs[rows])

    def see(self, rows: Tensor, parameters: Tensor) -> Tensor:
        """Those rows (n,) in the views that parameters (n, P) stand for.

        Features are of the plain rows: a network that reads them sees no other view.
        """
        if self.features:
            return self.plain(rows)
        return self.kind.views.see(self.inputs[rows], parameters)


class Features(NamedTuple):
    """What the frozen part of a network has made of a domain's plain rows, once for all jobs."""

    values: "Tensor | Mapped"  # float32 (N, ...)
    prepare: dict  # the facts of that part, as a network's header has them
    sha256: str


class Mapped:
    """Inputs that stay in their file: what is asked for is gathered and moved.

    Indexed, split and chunked as a tensor is; ``device`` is where the parts arrive.
    """

    def __init__(self, inputs: Tensor, device: torch.device):
        self._inputs, self.device = inputs, torch.device(device)

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, indices: Tensor) -> Tensor:
        return self._inputs[indices.cpu()].to(self.device)

    def split(self, size: int) -> Iterator[Tensor]:
        for inputs in self._inputs.split(size):
            yield inputs.to(self.device)

    def chunk(self, count: int) -> Iterator[Tensor]:
        return self.split(-(-len(self) // count))


def place(inputs: Tensor, device: torch.device | str) -> Tensor | Mapped:
    """Inputs where batches are drawn: on the device if they are small.

    Small is a quarter of a GPU's free memory. Larger sets, and any on the CPU, stay in the
    memory-mapped file, whatever their size.
    """
    device = torch.device(device)
    if device.type == "cuda" and inputs.nbytes <= torch.cuda.mem_get_info(device)[0] // 4:
        return inputs.to(device)
    return inputs if device.type == "cpu" else Mapped(inputs, device)


def load_inputs(
    path: Path, device: torch.device | str = "cpu", features: Path | None = None
) -> Inputs:
    """A domain's rows and, for networks with a frozen part, what that has made of them.

    Raises:
        InputError: a file cannot be used, or the features are of other rows.
    """
    content, header = tensors.load(path, "inputs", "construct_domain")
    found = Inputs(place(content["inputs"], device), content["ids"], header)
    if features is None:
        return found
    kept, known = tensors.load(features, "features", "extract_features")
    if known["inputs_sha256"] != header["sha256"]:
        problem = f"holds features of other rows than {path}"
        raise InputError(features, problem, rerun("extract_features"))
    values = place(kept["features"], device)
    return found._replace(features=Features(values, known["prepare"], known["sha256"]))


def load_labels(path: Path, inputs: Inputs, device: torch.device | str = "cpu") -> Tensor:
    """Labels (N,) int64 of exactly these inputs, on the device.

    Raises:
        InputError: also where the labels are of other samples or another class list.
    """
    found = labels.load(path, inputs.header, inputs.ids.numpy())
    return torch.from_numpy(found.labels.copy()).to(device)  # off the read-only map
