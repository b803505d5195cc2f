"""Optional packages: asked for by name where one is missing."""

import importlib
from types import ModuleType

from distilshift.errors import InputError


def load(module: str, extra: str, where: object) -> ModuleType:
    """An optional package, imported now that it is needed.

    Args:
        module: the name it is imported by.
        extra: the extra of ``pyproject.toml`` that installs it.
        where: the flag, config key or file that asks for it.

    Raises:
        InputError: it is not installed. An installed package that cannot find a module of its
            own is another matter: that error comes through.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise
        remedy = f"in the project's folder: pip install -c constraints.txt '.[{extra}]'"
        raise InputError(where, f"needs {error.name}, which is not installed", remedy) from None
