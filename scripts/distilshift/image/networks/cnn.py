"""A small convolutional network with BatchNorm."""

from distilshift.networks import Network

from torch import nn


def cnn(classes: int, channels: int, size: int, width: int = 16) -> Network:
    """Five 3x3 convolutions with BatchNorm, widths w, w, 2w, 2w, 4w.

    It pools after the first and the third: the widest convolutions see the smallest maps,
    and a step costs half of what it does with pooling after the second and the fourth.

    ``cnn-16`` has 35,674 parameters with ten classes and one channel, ``cnn-4`` 2,446.
    """

    def block(wide_in: int, wide_out: int) -> list[nn.Module]:
        # no bias: BatchNorm subtracts it
        conv = nn.Conv2d(wide_in, wide_out, 3, padding=1, bias=False)
        return [conv, nn.BatchNorm2d(wide_out), nn.ReLU(inplace=True)]

    body = nn.Sequential(
        *block(channels, width),
        nn.AvgPool2d(2),
        *block(width, width),
        *block(width, 2 * width),
        nn.AvgPool2d(2),
        *block(2 * width, 2 * width),
        *block(2 * width, 4 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return Network(body, nn.Linear(4 * width, classes))
