"""Small things that many tests make."""

from distilshift import networks
from distilshift.data import domains
from distilshift.image.settings import View
from distilshift.learning.settings import Method, Run, Training

import torch

CLASSES = [str(digit) for digit in range(10)]
NO_VIEW = View(0.0, 0.0, 0.0)


def build(name, classes=10, channels=1, size=8, seed=None):
    """A network on images."""
    return networks.build(name, classes, "image", {"size": size, "channels": channels}, seed)


def rows_of(inputs, **facts):
    """Images (N, C, H, W) as a domain holds them."""
    input = {"size": inputs.shape[-1], "channels": inputs.shape[1]}
    header = {"data": "image", "input": input, "classes": CLASSES, **facts}
    return domains.Inputs(inputs, torch.arange(len(inputs)), header)


def settings_of(**given):
    """Of all groups that a training has, those that are given and the rest by default."""
    groups = {"how": Training, "run": Run, "method": Method, "ranges": View}
    found = {}
    for name, group in groups.items():
        known = {field: given.pop(field) for field in list(given) if field in group.__annotations__}
        found[name] = group(**known)
    assert not given, given
    return found
