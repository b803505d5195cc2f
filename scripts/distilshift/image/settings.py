"""What can be said of images: their size, and the ranges of their augmentation."""

import dataclasses

from distilshift.settings import Settings, setting

ADJUSTABLE = "size"  # cnn-16@64 sees its images at 64 pixels a side
MIDDLE = "crop"  # what cnn-16@64/72 sees of its images at 72


@dataclasses.dataclass(frozen=True)
class Input(Settings):
    """What every row of a domain is: uint8 (channels, size, size)."""

    size: int = setting(32, "pixels a side", at_least=4)
    channels: int = setting(3, "1 is grey, 3 is RGB", choices=[1, 3])


@dataclasses.dataclass(frozen=True)
class View(Settings):
    """The ranges that a view's parameters are drawn from, either way."""

    rotation: float = setting(10.0, "degrees", at_least=0)
    translation: float = setting(0.08, "fraction of the side", at_least=0, at_most=1)
    scale: float = setting(0.1, "relative size", at_least=0, below=1)
    flip: float = setting(
        0.0, "probability of a horizontal flip", at_least=0, at_most=1, quiet=True
    )
    crop: float = setting(
        1.0, "least area of a random resized crop, sides 3:4 to 4:3", above=0, at_most=1, quiet=True
    )
    brightness: float = setting(0.0, "relative change", at_least=0, at_most=1, quiet=True)
    contrast: float = setting(0.0, "relative change", at_least=0, at_most=1, quiet=True)
    saturation: float = setting(0.0, "relative change", at_least=0, at_most=1, quiet=True)
    hue: float = setting(0.0, "turns of the circle of colours", at_least=0, at_most=0.5, quiet=True)
    grey: float = setting(0.0, "probability of no colour", at_least=0, at_most=1, quiet=True)
    erasing: float = setting(
        0.0, "probability that a rectangle is erased", at_least=0, at_most=1, quiet=True
    )


@dataclasses.dataclass(frozen=True)
class Source(Settings):
    """What is done to labelled source images alone, when a teacher learns from them."""

    random_convolution: float = setting(
        0.0, "probability that a source image passes a random convolution", at_least=0, at_most=1
    )
