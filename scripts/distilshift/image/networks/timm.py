"""timm's networks by name, perhaps on pretrained weights: ``timm/resnet50.a1_in1k``."""

import difflib

from distilshift import extras
from distilshift.errors import InputError
from distilshift.image.prepare import Prepare
from distilshift.networks import Elsewhere, Network

from torch import nn


def from_timm(
    name: str, classes: int, channels: int, size: int, pretrained: bool, adjusted: bool = False
) -> Network:
    """A network of timm with a fresh head, perhaps on pretrained weights.

    Weights bring what they were given: normalisation, interpolation, and the size, unless the
    network's name says another after ``@``.

    Args:
        name: ``timm/resnet50``, first weights drawn, or ``timm/resnet50.a1_in1k`` with timm's
            tag of the weights.
        pretrained: whether such weights are loaded, or only their place is made.
        adjusted: whether the size is what stands after ``@``.

    Raises:
        InputError: timm is not installed, has no such network or weights, or cannot get them.
    """
    timm = extras.load("timm", "timm", f"model {name}")
    wanted = name.removeprefix("timm/")
    architecture, _, tag = wanted.partition(".")
    if not timm.is_model(architecture):
        near = difflib.get_close_matches(architecture, timm.list_models(), n=3, cutoff=0.5)
        raise InputError(f"model {name}", "timm has no such network", f"near: {', '.join(near)}")
    known = timm.get_pretrained_cfg(architecture)
    if tag:
        tags = [found.partition(".")[2] for found in timm.list_pretrained(f"{architecture}.*")]
        if tag not in tags:
            allowed = f"allowed: {', '.join(tags) or 'none'}"
            raise InputError(f"model {name}", "has no such weights", allowed)
        known = timm.get_pretrained_cfg(wanted)
    prepared = {
        "mean": per_channel(known.mean, channels),
        "deviation": per_channel(known.std, channels),
        "interpolation": "bilinear" if known.interpolation == "bilinear" else "bicubic",
    }
    if tag and not adjusted:
        size = prepared["size"] = known.input_size[-1]
    how = {"img_size": size} if known.fixed_input_size else {}
    loaded = bool(tag) and pretrained
    try:
        body = timm.create_model(wanted, pretrained=loaded, num_classes=0, in_chans=channels, **how)
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        line = " ".join(str(error).split())
        problem = f"timm cannot {'load its weights' if loaded else 'build it'} ({line})"
        remedy = "give a file of them: {model: timm/..., weights: ...}" if loaded else ""
        raise InputError(f"model {name}", problem, remedy) from None
    width = getattr(body, "head_hidden_size", None) or body.num_features
    made = Network(body, nn.Linear(width, classes), Prepare(**prepared) if tag else None)
    made.elsewhere = Elsewhere(known.classifier or "", prepared)
    return made


def per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Of red, green and blue, or the mean of them for grey."""
    return tuple(values) if channels == 3 else (sum(values) / len(values),)
