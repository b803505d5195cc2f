"""Benchmarks are no tests, but what they import and call must be there."""

import ast
import importlib

import pytest


def ours(path):
    """(module, name) of everything of ours that a benchmark imports or takes from a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "distilshift":
            for alias in node.names:
                yield node.module, alias.name
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            if module and importlib.util.find_spec(module):
                yield module, node.attr


NAMES = [
    "compute_settings",
    "images_per_second",
    "kept_logits",
    "large_cache",
    "logits_format",
    "ratios",
]
NAMES += ["peers/task"]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_benchmark_takes_is_there(request, name):
    found = list(ours(request.config.rootpath / "benchmarks" / f"{name}.py"))
    assert len(found) > 3
    for module, attribute in found:
        try:
            importlib.import_module(f"{module}.{attribute}")
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), attribute), (module, attribute)
