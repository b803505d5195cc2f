"""What can be said of sounds: their rate and length, and the ranges of their augmentation."""

import dataclasses

from distilshift.settings import Settings, setting

ADJUSTABLE = None  # a network could not tell at which rate a row was kept


@dataclasses.dataclass(frozen=True)
class Input(Settings):
    """What every row of a domain is: int16 (rate * seconds,)."""

    rate: int = setting(8000, "samples a second", at_least=4000, at_most=48000)
    seconds: float = setting(1.0, "length of a row", at_least=0.25, at_most=30)

    @property
    def samples(self) -> int:
        return round(self.rate * self.seconds)


@dataclasses.dataclass(frozen=True)
class View(Settings):
    """The ranges that a view's parameters are drawn from."""

    shift: float = setting(0.1, "fraction of the row, either way", at_least=0, at_most=0.5)
    speed: float = setting(0.1, "relative change, either way", at_least=0, below=0.5)
    gain: float = setting(6.0, "decibels, either way", at_least=0, at_most=40)
    noise: float = setting(0.05, "largest amplitude, relative to the row's", at_least=0, at_most=5)
    masked_time: float = setting(0.1, "longest, fraction of the row", at_least=0, at_most=0.5)
    masked_band: float = setting(0.1, "widest, fraction of the mel scale", at_least=0, at_most=0.5)


@dataclasses.dataclass(frozen=True)
class Source(Settings):
    """What another voice or line would change in labelled source rows, where a teacher learns."""

    tempo: float = setting(0.0, "relative change, either way; pitch stays", at_least=0, below=0.5)
    pitch: float = setting(0.0, "semitones either way; tempo stays", at_least=0, at_most=12)
    tract: float = setting(
        0.0, "relative length of the vocal tract, either way", at_least=0, below=0.5
    )
    timbre: float = setting(0.0, "decibels either way, in smooth bands", at_least=0, at_most=24)
    band: float = setting(
        0.0, "largest share of the band that is cut off at its ends", at_least=0, below=1
    )
