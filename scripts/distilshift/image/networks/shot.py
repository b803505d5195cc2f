"""The networks of SHOT for digits, arXiv:2002.08546."""

from distilshift.networks import Network

from torch import nn


def lenet(classes: int, channels: int, size: int, width: int = 256) -> Network:
    """SHOT's network for MNIST and USPS: LeNet, then a bottleneck of ``width`` with BatchNorm."""
    side = ((size - 4) // 2 - 4) // 2
    body = nn.Sequential(
        nn.Conv2d(channels, 20, 5),
        nn.MaxPool2d(2),
        nn.ReLU(inplace=True),
        nn.Conv2d(20, 50, 5),
        nn.Dropout2d(0.5),
        nn.MaxPool2d(2),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(50 * side * side, width),
        nn.BatchNorm1d(width),
    )
    return Network(body, nn.Linear(width, classes))


def dtn(classes: int, channels: int, size: int, width: int = 256) -> Network:
    """SHOT's network for SVHN: three strided convolutions, then the same bottleneck."""

    def block(wide_in: int, wide_out: int, drop: float) -> list[nn.Module]:
        conv = nn.Conv2d(wide_in, wide_out, 5, stride=2, padding=2)
        norm = nn.BatchNorm2d(wide_out)
        return [conv, norm, nn.Dropout2d(drop), nn.ReLU(inplace=True)]

    side = -(-size // 8)
    body = nn.Sequential(
        *block(channels, 64, 0.1),
        *block(64, 128, 0.3),
        *block(128, 256, 0.5),
        nn.Flatten(),
        nn.Linear(256 * side * side, width),
        nn.BatchNorm1d(width),
    )
    return Network(body, nn.Linear(width, classes))
