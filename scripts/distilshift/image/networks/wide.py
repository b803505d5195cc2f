"""Wide residual networks for small images: ``wrn-28-10``."""

from distilshift.networks import Network

from torch import Tensor, nn


class Block(nn.Module):
    """Two 3x3 convolutions, each after BatchNorm and ReLU, beside what they change.

    Where width or size change, the shortcut is a 1x1 convolution of the normalised input.
    """

    def __init__(self, wide_in: int, wide_out: int, stride: int):
        super().__init__()
        self.first, self.second = nn.BatchNorm2d(wide_in), nn.BatchNorm2d(wide_out)
        self.conv1 = nn.Conv2d(wide_in, wide_out, 3, stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(wide_out, wide_out, 3, padding=1, bias=False)
        self.shortcut = None
        if wide_in != wide_out or stride > 1:
            self.shortcut = nn.Conv2d(wide_in, wide_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.first(x).relu()
        kept = x if self.shortcut is None else self.shortcut(seen)
        return kept + self.conv2(self.second(self.conv1(seen)).relu())


def wrn(classes: int, channels: int, size: int, depth: int = 28, factor: int = 10) -> Network:
    """A residual network of ``depth`` = 6 n + 4 layers, ``factor`` times as wide as ResNet's.

    Three groups of n blocks of widths 16, 32, 64 times the factor; the second and the third
    halve the size. Without dropout. ``wrn-28-10`` has 36.5 million parameters.

    Source: Zagoruyko, Komodakis, "Wide Residual Networks", arXiv:1605.07146, table 1.
    """
    layers: list[nn.Module] = [nn.Conv2d(channels, 16, 3, padding=1, bias=False)]
    wide = 16
    for group, width in enumerate((16, 32, 64)):
        for block in range((depth - 4) // 6):
            stride = 2 if group and not block else 1
            layers.append(Block(wide, width * factor, stride))
            wide = width * factor
    body = nn.Sequential(
        *layers,
        nn.BatchNorm2d(wide),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return Network(body, nn.Linear(wide, classes))
