"""Networks of any kind of data: a body, a head, and what both want done to their input.

A name is a family and its integer sizes, ``cnn-16``, looked up among the networks of the
kind of data; ``cnn-16@64`` sees its rows at another size than they are kept at,
``cnn-16@64/72`` the middle 64 pixels of them at 72; ``cnn-16+32`` has a neck of that width
between body and head; ``mine.py:build`` is a function of the user's own. Weights
know, in their header, how to build the network again and what it does to its input.
"""

import copy
import dataclasses
import inspect
from pathlib import Path
from typing import NamedTuple

from distilshift import model_names, own_modules, registry
from distilshift.data import kinds
from distilshift.data.domains import Inputs
from distilshift.errors import InputError, rerun
from distilshift.files import tensors

import torch
from torch import Tensor, nn


class Elsewhere(NamedTuple):
    """What is known of a network's weights in files of others, beside the body's names."""

    head: str = "head"  # what the head is called there
    prepare: dict | None = None  # what they were usually given, facts of the kind's ``Prepare``


class Network(nn.Module):
    """A feature extractor and a linear head, told apart because adaptation needs both.

    ``neck`` is a bottleneck between them, nothing unless a name asks for it. ``prepare`` is
    what the network itself does to its input (size, normalisation, spectra, or all of a
    pretrained body that is ``FROZEN``); it has nothing that is trained. ``pose`` is what
    brings rows of the target into the pose of the source; None where a network sees them as
    they are. ``origin`` is what its header says of files that it was made from. ``space`` makes
    one vector a row of what a frozen body gives, in which like rows are near (``compared``).
    """

    def __init__(self, body: nn.Module, head: nn.Module, prepare: nn.Module | None = None):
        super().__init__()
        self.body, self.neck, self.head = body, nn.Identity(), head
        self.prepare = nn.Identity() if prepare is None else prepare
        self.pose = None
        self.elsewhere, self.origin = Elsewhere(), {}
        self.space = nn.Flatten()

    def features(self, seen: Tensor, posed: bool = True) -> Tensor:
        """What the head reads: (N, width).

        Args:
            posed: whether the rows are of the target, and are brought into its pose.
        """
        if posed and self.pose:
            seen = self.pose.apply(seen)
        return self.neck(self.body(self.prepare(seen)))

    def compared(self, seen: Tensor) -> Tensor:
        """Vectors (N, D) whose cosines say how alike rows of the target are.

        Those of the frozen body, which has seen more than a source; else what the head reads.
        """
        return self.space(self.prepare(seen)) if is_frozen(self) else self.features(seen)

    def parts(self, seen: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What rows are made of, of a body that sums over such parts (``has_parts``).

        Returns:
            Of each sort hashes int32 (N, M), and which of them count (N, M).
        """
        return self.body.parts(self.prepare(seen))

    def forward(self, seen: Tensor) -> Tensor:
        return self.head(self.features(seen)).float()  # also in mixed precision


def build(
    name: str,
    classes: int,
    data: str,
    input: dict,
    seed: int | None = None,
    origin: dict | None = None,
) -> Network:
    """The network ``name``, initialised from ``seed`` (the global stream is left alone).

    Args:
        data: the kind of data.
        input: what every row is, by the kind's ``settings.Input``.
        seed: without one the weights are to come from a file of ours, and none of a
            pretrained network are looked for.
        origin: of weights that are to come, what their header says that they were made from.

    Raises:
        InputError: the name is neither a family of the kind nor one of its other networks,
            it cannot take such rows, or its head is not one of these classes.
    """
    kind = kinds.load(data)
    named, neck, wanted = model_names.parts(name)
    seen, resized = dict(input), {}
    if "@" in name:
        field, middle = kind.settings.ADJUSTABLE, getattr(kind.settings, "MIDDLE", None)
        sides = model_names.sides(wanted)
        if field is None or sides is None or (sides[0] < sides[1] and not middle):
            allowed = f"{field} as a whole number" if field else f"nothing for {data}"
            allowed += ", or of the middle of rows: 224/256" if middle else ""
            raise InputError(f"model {name}", f"got @{wanted}", f"allowed after @: {allowed}")
        seen = dataclasses.asdict(kind.settings.Input(**{**input, field: sides[0]}))
        resized = {field: sides[1]} if sides[0] == sides[1] else {field: sides[1], middle: sides[0]}
    is_own, origin = own_modules.is_own(named), origin or {}
    is_limited = kind.has("limits") and not is_own
    # weights that are to come were trained within the limits, and need fewer files of an encoder
    if is_limited and seed is None and _is_of_files(kind, named):
        is_limited = False
    problem = kind.limits.complaint(named, **seen) if is_limited else ""
    if problem:
        raise InputError(f"model {name}", problem)
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        if is_own:
            network = _own(
                named, classes, seen, origin.get("module_sha256", "" if seed is None else None)
            )
        else:
            network = _built(kind, named, classes, seen, seed is not None, bool(wanted))
        _check_head(f"model {name}", network.head, classes)
        if neck:
            add_neck(network, int(neck.removesuffix("r")), neck.endswith("r"))
    prepared = getattr(network.prepare, "facts", {})
    how = type(network.prepare) if prepared else kind.prepare.Prepare
    network.prepare = how(**{**prepared, **resized})
    return network


def add_neck(network: Network, width: int, relu: bool) -> None:
    """Put a linear layer to ``width`` and its BatchNorm before a new head of that width.

    They learn at the head's rate. Weights are drawn by Glorot's normal, biases are 0.

    Args:
        relu: whether a ReLU follows.

    Source: SHOT's bottleneck, arXiv:2002.08546, section 4.1; with the ReLU that of the
    networks of CDAN and MCC in thuml's Transfer-Learning-Library.
    """
    head = network.head
    linear = nn.Linear(head.in_features, width)
    nn.init.xavier_normal_(linear.weight)
    nn.init.zeros_(linear.bias)
    layers = [linear, nn.BatchNorm1d(width), *[nn.ReLU(inplace=True)] * relu]
    network.neck = nn.Sequential(*layers)
    network.head = nn.Linear(width, head.out_features)


def _own(name: str, classes: int, input: dict, expected: str | None) -> Network:
    """What a function of the user's gives for the classes, and what it asks of the rows."""
    make = own_modules.load(name, expected)
    signature = inspect.signature(make)
    asked = {field: input[field] for field in signature.parameters if field in input}
    try:
        signature.bind(classes, **asked)
    except TypeError as error:
        allowed = f"it is given the classes and, by name, any of {', '.join(input)}"
        raise InputError(f"model {name}", str(error), allowed) from None
    made = make(classes, **asked)
    network = made if isinstance(made, Network) else None
    if isinstance(made, tuple) and len(made) == 2:
        network = Network(*made)
    if network is None:
        problem = f"gives a {type(made).__name__}"
        raise InputError(f"model {name}", problem, "let it give (body, head), two modules")
    network.origin = {"module_sha256": own_modules.sha256(name)}
    return network


def _check_head(where: str, head: nn.Module, classes: int) -> None:
    """Refuse a head that is no linear layer to the classes: it would be trained in vain."""
    if not isinstance(head, nn.Linear):
        problem = f"its head is a {type(head).__name__}, not a Linear"
        raise InputError(where, problem, "let the body end where the last layer begins")
    if head.out_features != classes:
        problem = f"its head gives {head.out_features} logits a row, of {classes} classes"
        raise InputError(where, problem, "make it as wide as the classes that it is told")


def _is_of_files(kind: kinds.Kind, name: str) -> bool:
    """Whether a network is made of files of the user's, which it reads and names itself."""
    return bool(getattr(kind.limits, "files", lambda model: [])(name))


def _built(
    kind: kinds.Kind, name: str, classes: int, input: dict, pretrained: bool, adjusted: bool = False
) -> Network:
    family, *sizes = name.split("-")
    known, package = kind.networks.NETWORKS, kind.networks.__name__
    others = [entry for begin, entry in kind.networks.OTHERS.items() if name.startswith(begin)]
    if family not in known and others:
        other = registry.load(package, others[0])
        return other(name, classes, pretrained=pretrained, adjusted=adjusted, **input)
    make = registry.find(package, known, family, f"model {name}")
    if not all(part.isdigit() and int(part) > 0 for part in sizes):
        raise InputError(f"model {name}", "sizes must be positive integers", "e.g. cnn-16")
    signature = inspect.signature(make)
    rows = [input[field] for field in signature.parameters if field in input]
    try:
        signature.bind(classes, *rows, *sizes)
    except TypeError as error:
        problem = f"{family} does not take the sizes {', '.join(sizes)} ({error})"
        raise InputError(f"model {name}", problem) from None
    return make(classes, *rows, *map(int, sizes))


# of a header: the sha256 of the user's module, and the checkpoint that training started from
ORIGIN = ("module_sha256", "start")


def has_batchnorm(model: nn.Module) -> bool:
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())


def has_parts(model: Network) -> bool:
    """Whether what the network sees is a set of parts, such as a text's words."""
    return hasattr(model.body, "parts")


def by_batch_statistics(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode, but for BatchNorm, which normalises by the batch.

    What draws at random as it is trained, such as dropout, does not: a process's generator stands
    elsewhere in each, and statistics would be no two runs' the same.
    """
    copied = copy.deepcopy(model).eval()
    for module in copied.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.train()
    return copied


def normalisations(model: nn.Module) -> list[nn.Module]:
    """The layers that normalise and have scales and offsets of their own."""
    kinds = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
    return [m for m in model.modules() if isinstance(m, kinds) and m.weight is not None]


def parameter_count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def save_weights(path: Path, model: nn.Module, header: dict) -> str:
    """Write a network with what is needed to build it again; return its sha256.

    Args:
        header: holds ``model``, ``classes``, ``data``, ``input``, and provenance.
    """
    known = {**header, **model.origin, "prepare": model.prepare.facts}
    return tensors.save(path, "weights", model.state_dict(), known)


def load_weights(path: Path, rule: str, device: torch.device | str = "cpu") -> tuple[Network, dict]:
    """A network in evaluation mode, and its header.

    Args:
        rule: the rule that makes the file, for the error.

    Raises:
        InputError: the file cannot be used, or does not hold the network it names.
    """
    content, header = tensors.load(path, "weights", rule)
    origin = {key: header[key] for key in ORIGIN if key in header}
    needs = len(header["classes"]), header["data"], header["input"]
    model = build(header["model"], *needs, origin=origin)
    model.origin = origin
    model.prepare = type(model.prepare)(**header["prepare"])
    try:
        model.load_state_dict(content)
    except RuntimeError as error:
        problem = f"does not hold a {header['model']} ({str(error).splitlines()[-1].strip()})"
        raise InputError(path, problem, rerun(rule)) from None
    if header.get("pose"):
        model.pose = kinds.load(header["data"]).pose.Pose(*header["pose"])
    return model.to(device).eval(), header


def calibrated(logits: Tensor, header: dict) -> Tensor:
    """Logits (N, C) whose softmax is how sure a network may be: a student's, over its T."""
    known = header.get("calibration")
    return logits / known["temperature"] if known else logits


class Kept(nn.Module):
    """Stands for a frozen part where its features are kept: they come as they are."""

    FROZEN = True

    def __init__(self, facts: dict):
        super().__init__()
        self.facts = facts

    def forward(self, features: Tensor) -> Tensor:
        return features


def is_frozen(model: Network) -> bool:
    """Whether the network's input goes through a pretrained body that is never trained."""
    return getattr(model.prepare, "FROZEN", False)


def as_read(model: Network, data: Inputs) -> Inputs:
    """Rows as that network reads them: with features, where it has a frozen part.

    The network then takes them for what its frozen part would make of the rows.

    Raises:
        InputError: they are another part's.
    """
    if data.features is None or not is_frozen(model):
        return data._replace(features=None)
    if data.features.prepare != model.prepare.facts:
        problem = f"are those of {data.features.prepare}, expected {model.prepare.facts}"
        where = f"features of {data.header['domain']}"
        raise InputError(where, problem, rerun("extract_features"))
    model.prepare = Kept(model.prepare.facts).train(model.training)
    return data


def check_same(what: str, header: dict, other: dict, fields: tuple[str, ...]) -> None:
    """Refuse to join two artefacts that differ in any of ``fields``."""
    for field in fields:
        if header[field] != other[field]:
            problem = f"{field} is {header[field]}, expected {other[field]}"
            if field == "classes":
                problem = f"has {_listed(header)}; the other has {_listed(other)}"
                remedy = "source and target need the same: domains.<name>.classes chooses them"
                raise InputError(what, problem, remedy)
            raise InputError(what, problem, "check the flags")


def _listed(header: dict) -> str:
    """The classes of an artefact, and of which domain, in words."""
    of = f" of {header['domain']}" if "domain" in header else ""
    return f"the classes {', '.join(header['classes'])}{of}"
