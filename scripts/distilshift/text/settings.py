"""What can be said of texts: their length, and the ranges of their augmentation."""

import dataclasses

from distilshift.settings import Settings, setting

ADJUSTABLE = "length"  # bag-32@64 reads the first 64 bytes of its texts


@dataclasses.dataclass(frozen=True)
class Input(Settings):
    """What every row of a domain is: uint8 (length,), UTF-8."""

    length: int = setting(256, "bytes of UTF-8 that are kept of a text", at_least=8)


@dataclasses.dataclass(frozen=True)
class View(Settings):
    """How much of a text a view changes."""

    dropped: float = setting(
        0.1, "probability that a word is left out; one word stays", at_least=0, at_most=1
    )
    masked: float = setting(
        0.0, "probability that a word is replaced by a mark", at_least=0, at_most=1
    )


@dataclasses.dataclass(frozen=True)
class Source(Settings):
    """What is done to labelled source texts alone: nothing yet."""
