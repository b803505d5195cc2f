"""A trained network as its users want it: rows of any source in, probabilities out.

What it needs to know is in the header of its weights: the kind of data, what a row is, what is
done to it, the classes, the calibration.
"""

from collections.abc import Iterator
from pathlib import Path

from distilshift import networks
from distilshift.data import kinds, streams
from distilshift.errors import InputError

import torch
from torch import Tensor, nn


class Classifier(nn.Module):
    """From rows as a domain keeps them (uint8 images and texts, int16 sounds) to probabilities.

    Attributes:
        header: of the weights.
        classes: names, in the order of the probabilities.
    """

    def __init__(self, network: networks.Network, header: dict):
        super().__init__()
        self.network, self.header = network.eval().requires_grad_(False), header
        self.kind = kinds.load(header["data"])
        self.wanted = self.kind.settings.Input(**header["input"])
        self.classes: list[str] = header["classes"]

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Of one row, without the batch."""
        return tuple(self.kind.rows.shape(self.wanted))

    def check(self, rows: Tensor) -> None:
        """Raises InputError where rows are not as a domain keeps them: floats from 0 to 1, say."""
        dtype = getattr(torch, self.kind.rows.STORED[0])
        if rows.dtype != dtype or tuple(rows.shape[1:]) != self.row_shape:
            found, expected = (
                f"{str(of).removeprefix('torch.')} ({', '.join(map(str, shape))})"
                for of, shape in ((rows.dtype, rows.shape), (dtype, ("n", *self.row_shape)))
            )
            remedy = "`read` makes such rows of files, folders and tables"
            raise InputError("rows", f"are {found}, expected {expected}", remedy)

    def logits(self, rows: Tensor) -> Tensor:
        """Calibrated logits (N, C) of rows (N, ...), as a domain keeps them.

        Raises:
            InputError: they are of another type or size.
        """
        if not torch.compiler.is_compiling():  # an exported program says it in its own words
            self.check(rows)
            if not len(rows):  # not every network takes none
                return torch.empty(0, len(self.classes), device=rows.device)
        return networks.calibrated(self.network(self.kind.views.plain(rows)), self.header)

    def forward(self, rows: Tensor) -> Tensor:
        """Probabilities (N, C), float32."""
        return self.logits(rows).softmax(1)

    def read(
        self,
        paths: Path | str | list[Path | str],
        batch: int = streams.BATCH,
        most: int | None = None,
    ) -> Iterator[streams.Batch]:
        """What files, folders and tables hold, batch by batch; see ``data.streams``."""
        paths = [paths] if isinstance(paths, Path | str) else paths
        return streams.read([Path(path) for path in paths], self.kind, self.wanted, batch, most)


def load(path: Path | str, device: torch.device | str = "cpu") -> Classifier:
    """The classifier whose weights a training step has written.

    Raises:
        InputError: the file cannot be used, or does not hold the network it names.
    """
    rule = "train_teacher, train_student or distill_student"
    return Classifier(*networks.load_weights(Path(path), rule, device))
