"""A small convolutional network on log-mel spectra, with BatchNorm."""

from distilshift.audio.prepare import Prepare
from distilshift.networks import Network

from torch import nn


def melcnn(classes: int, rate: int, width: int = 16) -> Network:
    """Four convolutions with BatchNorm, widths w, 2w, 4w, 4w, and the mean over all places.

    The first is 5x5, the others 3x3, all but the last of stride 2: a step takes less than half
    the time that it takes with pooling behind them, as the first layer's outputs are what is
    large. The last sees 33 bands and 33 frames (0.54 s). ``melcnn-16`` has 61,306 parameters
    with ten classes, ``melcnn-8`` 15,682.
    """

    def block(wide_in: int, wide_out: int, side: int, stride: int) -> list[nn.Module]:
        # no bias: BatchNorm subtracts it
        how = {"stride": stride, "padding": side // 2, "bias": False}
        conv = nn.Conv2d(wide_in, wide_out, side, **how)
        return [conv, nn.BatchNorm2d(wide_out), nn.ReLU(inplace=True)]

    body = nn.Sequential(
        *block(1, width, 5, 2),
        *block(width, 2 * width, 3, 2),
        *block(2 * width, 4 * width, 3, 2),
        *block(4 * width, 4 * width, 3, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return Network(body, nn.Linear(4 * width, classes), Prepare(rate))
