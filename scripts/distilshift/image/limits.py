"""What networks on images take, known before one is built: the config's check asks here.

No torch here. The limits themselves stand beside the names of the families.
"""

import ast
import difflib
import functools
import importlib.util
import re
from pathlib import Path

from distilshift.image.networks import LIMITS, LITE, NETWORKS, TORCHVISION
from distilshift.model_names import parts

# frozen-64/<model>: a layer of 64 with BatchNorm on the features of a network with its weights
FROZEN = re.compile(r"frozen-([1-9][0-9]*)/(.+)")


def of(model: str) -> dict:
    """The limits of a model, by its name; nothing, where none are known."""
    if FROZEN.match(model):
        return {"batchnorm": True, "frozen": True, "alone": None}
    name = parts(model)[0].partition(":")[0]
    family = name.split("-")[0]
    if family in NETWORKS:
        return LIMITS.get(family, {})
    if name.startswith("timm/") or name.endswith(".py"):
        return {}  # known when it is built
    return next(known for begin, known in TORCHVISION.items() if re.match(begin, name))


def complaint(model: str, size: int, channels: int) -> str:
    """Why there is no such network for images of that size; nothing, where there is one.

    Args:
        model: as in a config, without what stands after ``@``.
        size: pixels a side, as the network sees them.
    """
    if found := FROZEN.fullmatch(model):
        if ":" in found[2] or ("." in found[2] and found[2].startswith("timm/")):
            return complaint(found[2], size, channels)
        return f"{found[2]} has no weights to keep; e.g. resnet50:IMAGENET1K_V2"
    if model.startswith("frozen"):
        return "a frozen network is named frozen-64/<model>:<weights>"
    name, _, weights = model.partition(":")
    family, *sizes = name.split("-")
    known = of(model)
    if family in NETWORKS:
        if not all(part.isdigit() and int(part) > 0 for part in sizes) or weights:
            return f"sizes must be positive integers, e.g. {family}-16"
        if len(sizes) > known.get("sizes", len(sizes)):
            return f"{family} does not take the sizes {', '.join(sizes)}; it has {known['sizes']}"
        each, more = known.get("depth", (1, 0))
        if more and sizes and (int(sizes[0]) <= more or (int(sizes[0]) - more) % each):
            return f"its depth must be {each} n + {more}, got {sizes[0]}"
    elif name.startswith("timm/"):
        architecture = name.removeprefix("timm/").partition(".")[0]
        others = timm_models()
        if others and architecture not in others:
            close = difflib.get_close_matches(architecture, others, n=3, cutoff=0.5)
            return f"timm has no such network; near: {', '.join(close) or 'none'}"
    else:
        others = {**torchvision_models(), **LITE} if torchvision_models() else {}
        if others and name not in others:
            return f"unknown; allowed: {', '.join(near(name, others))}"
        official = [w for w in others.get(name, []) if known.get("not", ":") not in w]
        if others and weights and weights not in official:
            return f"has no such weights; allowed: {', '.join(official) or 'none'}"
        if "why" in known:
            return known["why"]
        if channels != 3:
            return f"needs 3 channels, got {channels}; set image.channels"
    if size < known.get("smallest", 1) or size != known.get("only", size):
        wanted = known.get("only") or f"at least {known['smallest']}"
        remedy = f"set image.size, or {model}@{known.get('only') or known['smallest']}"
        return f"takes images of {wanted} pixels a side, got {size}; {remedy}"
    return ""


def fewest_rows(model: str, size: int, channels: int = 1) -> int:
    """The fewest rows of a batch that the network can be trained on: 1 or 2."""
    alone = of(model).get("alone", 1)
    return 1 if alone is not None and size >= alone else 2


def near(name: str, others: dict) -> list[str]:
    """What may have been meant, or how all names look."""
    families = [f"{family}-<sizes>" for family in NETWORKS]
    found = difflib.get_close_matches(name, [*NETWORKS, *others], n=3, cutoff=0.6)
    if found:
        return [f"{hit}-<sizes>" if hit in NETWORKS else hit for hit in found]
    others = [f"a torchvision classifier ({', '.join([*others][:3])}, ...)", "timm/<name>"]
    return [*families, *others, "or a function of yours, <file>.py:<function>"]


@functools.cache
def timm_models() -> list[str]:
    """The names of timm's networks, read without importing it; none where it is not installed."""
    spec = importlib.util.find_spec("timm")
    files = sorted(Path(spec.origin).with_name("models").glob("*.py")) if spec else []
    marked = re.compile(r"^@register_model\s+def (\w+)\(", re.MULTILINE)
    return [name for path in files for name in marked.findall(path.read_text(encoding="utf-8"))]


@functools.cache
def torchvision_models() -> dict[str, list[str]]:
    """torchvision's classifiers and the names of their weights, read without importing it.

    Nothing where it is not installed: on a machine that only submits jobs.
    """
    spec = importlib.util.find_spec("torchvision")
    found = {}
    for path in sorted(Path(spec.origin).with_name("models").glob("*.py")) if spec else []:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        weights = {
            node.name: [
                target.id
                for line in node.body
                if isinstance(line, ast.Assign)
                for target in line.targets
            ]
            for node in body
            if isinstance(node, ast.ClassDef)
        }
        for node in body:
            if not isinstance(node, ast.FunctionDef):
                continue
            if any("register_model" in ast.unparse(mark) for mark in node.decorator_list):
                words = re.findall(r"\w+", ast.unparse(node.args))
                found[node.name] = next((weights[w] for w in words if w in weights), [])
    return dict(sorted(found.items()))
