"""Multilayer perceptrons: networks without BatchNorm."""

from distilshift.networks import Network

from torch import nn


def mlp(classes: int, channels: int, size: int, *hidden: int) -> Network:
    """A multilayer perceptron with ReLU and no normalisation: ``mlp-256-128``."""
    layers: list[nn.Module] = [nn.Flatten()]
    wide = channels * size * size
    for width in hidden or (128,):
        layers += [nn.Linear(wide, width), nn.ReLU(inplace=True)]
        wide = width
    return Network(nn.Sequential(*layers), nn.Linear(wide, classes))
