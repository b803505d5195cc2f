"""Names and what they stand for: dictionaries of texts, loaded when they are asked for.

A package that holds things by name (datasets, shifts, networks, losses, adaptations) says
in its ``__init__``, in one dictionary and nothing else, where each lies:
``"cnn": "cnn:cnn"`` is the function ``cnn`` of the package's module ``cnn``;
``"office31-dslr": "folders:known:office31:dslr"`` what ``known("office31", "dslr")`` gives.
Such a dictionary imports nothing, so the workflow reads the names without torch, and a job
depends on the module of what it uses, not on that of a name's neighbour.
"""

import difflib
import importlib

from distilshift.errors import InputError


def load(package: str, entry: str) -> object:
    """What an entry ``module:function[:argument...]`` of a package stands for."""
    module, function, *arguments = entry.split(":")
    found = getattr(importlib.import_module(f"{package}.{module}"), function)
    return found(*arguments) if arguments else found


def find(package: str, entries: dict[str, str], name: str, where: str) -> object:
    """What ``name`` stands for among a package's entries.

    Args:
        where: the flag or key that the name came from, for the error.

    Raises:
        InputError: there is no such name; says which are near, or all.
    """
    if name not in entries:
        near = difflib.get_close_matches(name, entries, n=3, cutoff=0.5) or sorted(entries)
        raise InputError(where, f"there is no {name}", f"allowed: {', '.join(near)}")
    return load(package, entries[name])
