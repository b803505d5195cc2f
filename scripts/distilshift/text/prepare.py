"""What a network does to texts before its first layer: reading no more than so many bytes."""

from distilshift.text.rows import fit

from torch import Tensor, nn


class Prepare(nn.Module):
    """From texts as ``views.plain`` gives them to what the body was made for.

    Args:
        length: bytes that the body reads; those of the texts, if not given.
    """

    def __init__(self, length: int | None = None):
        super().__init__()
        self.length = length

    @property
    def facts(self) -> dict:
        """What makes another one like it; for a header."""
        return {} if self.length is None else {"length": self.length}

    def forward(self, rows: Tensor) -> Tensor:
        return rows if self.length is None else fit(rows, self.length)
