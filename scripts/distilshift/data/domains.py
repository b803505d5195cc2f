"""Reading domains: inputs and, where a script may see them, the labels that belong."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from distilshift.files import labels, tensors

import torch
from torch import Tensor


class Inputs(NamedTuple):
    inputs: "Tensor | Mapped"  # uint8 (N, C, H, W)
    ids: Tensor  # int64 (N,)
    header: dict  # domain, dataset, classes, size, channels, shift, split, sha256

    @property
    def classes(self) -> list[str]:
        return self.header["classes"]

    @property
    def input(self) -> dict:
        """What a network must be built for."""
        header = self.header
        sizes = {"channels": header["channels"], "size": header["size"]}
        return {"classes": len(header["classes"]), **sizes}


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


def load_inputs(path: Path, device: torch.device | str = "cpu") -> Inputs:
    content, header = tensors.load(path, "inputs", "construct_domain")
    return Inputs(place(content["inputs"], device), content["ids"], header)


def load_labels(path: Path, inputs: Inputs, device: torch.device | str = "cpu") -> Tensor:
    """Labels (N,) int64 of exactly these inputs, on the device.

    Raises:
        InputError: also where the labels are of other samples or another class list.
    """
    found = labels.load(path, inputs.header, inputs.ids.numpy())
    return torch.from_numpy(found.labels).to(device)
