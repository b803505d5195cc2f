"""A small convolutional network on log-mel spectra, with BatchNorm."""

from distilshift.audio.prepare import Prepare
from distilshift.networks import Network

from torch import nn


def melcnn(classes: int, rate: int, width: int = 16) -> Network:
    """Four 3x3 convolutions with BatchNorm, widths w, 2w, 4w, 4w, and the mean over all places.

    Each but the last is followed by pooling, so the last sees 22 bands and 22 frames (0.35 s).
    ``melcnn-16`` has 61,050 parameters with ten classes, ``melcnn-8`` 15,554.
    """

    def block(wide_in: int, wide_out: int) -> list[nn.Module]:
        # no bias: BatchNorm subtracts it
        conv = nn.Conv2d(wide_in, wide_out, 3, padding=1, bias=False)
        return [conv, nn.BatchNorm2d(wide_out), nn.ReLU(inplace=True)]

    body = nn.Sequential(
        *block(1, width),
        nn.MaxPool2d(2),
        *block(width, 2 * width),
        nn.MaxPool2d(2),
        *block(2 * width, 4 * width),
        nn.MaxPool2d(2),
        *block(4 * width, 4 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return Network(body, nn.Linear(4 * width, classes), Prepare(rate))
