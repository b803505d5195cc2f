"""DS-CNN, a keyword network of depthwise separable convolutions, arXiv:1711.07128."""

from distilshift.audio.prepare import Prepare
from distilshift.networks import Network

from torch import nn


def dscnn(classes: int, rate: int, width: int = 64) -> Network:
    """One 10x4 convolution of stride 2, four depthwise separable ones, the mean over all places.

    ``dscnn-64`` is the published small network, here on 40 log-mel bands, where that has ten
    MFCCs and 20 ms between frames; 23,050 parameters with ten classes.

    Source: Zhang, Suda, Lai, Chandra, "Hello Edge: Keyword Spotting on Microcontrollers",
    arXiv:1711.07128, section 4.2 and the appendix's table of DS-CNN (S).
    """

    def block(*convolutions: nn.Conv2d) -> list[nn.Module]:
        return [
            layer
            for conv in convolutions
            for layer in (conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU(inplace=True))
        ]

    # time is the first of the kernel's sides there; here it is the last
    layers = block(nn.Conv2d(1, width, (4, 10), stride=2, padding=(1, 4), bias=False))
    for _ in range(4):
        layers += block(
            nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
            nn.Conv2d(width, width, 1, bias=False),
        )
    body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Network(body, nn.Linear(width, classes), Prepare(rate))
