"""Settings: what a step can be told, once, for its flags, the config, a header, a notebook.

A group of settings is a small frozen dataclass whose fields are made by ``setting``: name,
type, default, what it means with its unit, and what is allowed. ``add_arguments`` makes
flags of it and ``given`` reads them back, ``schema`` describes it to the config's check, and
``facts`` goes into a file's header. Making one checks it, whoever makes it.
"""

import argparse
import dataclasses
import math
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Self

from distilshift.errors import InputError

LIMITS = {  # name: its word in JSON schema, how it reads, and the test
    "at_least": ("minimum", "at least", lambda value, limit: value >= limit),
    "above": ("exclusiveMinimum", "above", lambda value, limit: value > limit),
    "at_most": ("maximum", "at most", lambda value, limit: value <= limit),
    "below": ("exclusiveMaximum", "below", lambda value, limit: value < limit),
}
TYPES = {int: "integer", float: "number", str: "string", bool: "boolean"}


def setting(
    default: object = dataclasses.MISSING,
    about: str = "",
    *,
    choices: list | None = None,
    check: Callable[[str], str] | None = None,
    own: bool = False,
    quiet: bool = False,
    **limits: float,
) -> object:
    """A field of a ``Settings``; without a default it must be given.

    Args:
        about: what it means, with its unit.
        choices: all that it may be.
        check: gives what is wrong with a value, or an empty text.
        own: whether each run of a job of several has its own.
        quiet: whether a header names it only where it is not the default: so that a setting
            that is added changes no file of those that never asked for it.
        limits: ``at_least``, ``above``, ``at_most``, ``below``.
    """
    metadata = {"about": about, "choices": choices, "check": check, "own": own, "limits": limits}
    metadata["quiet"] = quiet
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Settings:
    """A group of settings; subclasses add fields.

    Raises:
        InputError: a value that is not allowed; names the setting, what came, what may come.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if problem := complaint(field, getattr(self, field.name)):
                raise InputError(field.name, problem)

    @classmethod
    def given(cls, args: argparse.Namespace) -> Self:
        """The group as a script's flags have it."""
        return cls(**{field.name: getattr(args, field.name) for field in dataclasses.fields(cls)})

    @classmethod
    def each(cls, args: argparse.Namespace) -> list[Self]:
        """The group once for each run of a job of several; what is given once holds for all.

        Raises:
            InputError: settings that are given for different numbers of runs.
        """
        given = {field.name: getattr(args, field.name) for field in dataclasses.fields(cls)}
        counts = {name: len(v) for name, v in given.items() if isinstance(v, list)}
        count = max(counts.values(), default=1)
        for name, found in counts.items():
            if found not in (1, count):
                problem = f"{found} given for {count} runs"
                raise InputError(f"--{name.replace('_', '-')}", problem, "give one for each run")
        runs = []
        for run in range(count):
            own = {n: v[run % counts[n]] if n in counts else v for n, v in given.items()}
            runs.append(cls(**own))
        return runs

    @classmethod
    def parsed(cls, texts: list[str], where: str) -> Self:
        """The group from texts ``name=value``, for settings that hang on the kind of data.

        Args:
            where: the flag they came from, for the error.
        """
        fields = {field.name: field for field in dataclasses.fields(cls)}
        values = {}
        for text in texts:
            name, _, value = text.partition("=")
            if name not in fields:
                raise InputError(where, f"got {text}", f"allowed: {', '.join(fields) or 'none'}")
            try:
                values[name] = plain_type(fields[name])(value)
            except ValueError:
                kind = plain_type(fields[name]).__name__
                raise InputError(f"{where} {name}", f"must be {kind}, got {value}") from None
        try:
            return cls(**values)
        except InputError as error:
            raise InputError(f"{where} {error.where}", error.problem) from None

    def facts(self) -> dict:
        """Names and values, for a header."""
        values = dataclasses.asdict(self)
        for field in dataclasses.fields(self):
            if field.metadata["quiet"] and values[field.name] == field.default:
                del values[field.name]
        return values


def plain_type(field: dataclasses.Field) -> type:
    """A field's type, without the None that it may be besides."""
    if isinstance(field.type, types.UnionType):
        return next(kind for kind in typing.get_args(field.type) if kind is not type(None))
    return field.type


def complaint(field: dataclasses.Field, value: object) -> str:
    """What is wrong with a value of a field; nothing, if it is empty."""
    kind, how = plain_type(field), field.metadata
    if value is None and field.default is None:
        return ""
    right = isinstance(value, bool) == (kind is bool)
    right &= isinstance(value, (int, float) if kind is float else kind)
    if not right:
        return f"must be of type {kind.__name__}, got {value!r}"
    if kind is float and not math.isfinite(value):
        return f"must be a finite number, got {value}"
    if how["choices"] and value not in how["choices"]:
        return f"got {value}; allowed: {', '.join(map(str, how['choices']))}"
    wrong = [name for name, limit in how["limits"].items() if not LIMITS[name][2](value, limit)]
    if wrong:
        allowed = " and ".join(f"{LIMITS[n][1]} {limit}" for n, limit in how["limits"].items())
        return f"must be {allowed}, got {value}"
    return how["check"](value) if how["check"] else ""


def add_arguments(
    parser: argparse.ArgumentParser, group: type[Settings], title: str, several: bool = False
) -> None:
    """A flag for each setting of a group; argparse's error names the flag.

    Args:
        several: whether a job of several runs may give what differs between them, the
            settings made with ``own=True``, once for each, in order: see ``Settings.each``.
    """

    def typed(field: dataclasses.Field) -> Callable[[str], object]:
        def parse(text: str) -> object:
            value = plain_type(field)(text)
            if problem := complaint(field, value):
                raise argparse.ArgumentTypeError(problem)
            return value

        parse.__name__ = plain_type(field).__name__  # argparse names it where text is no number
        return parse

    flags = parser.add_argument_group(title)
    for field in dataclasses.fields(group):
        name, about = f"--{field.name.replace('_', '-')}", field.metadata["about"] or None
        if field.type is bool:
            flags.add_argument(name, action="store_true", help=about)
            continue
        required = field.default is dataclasses.MISSING
        default = {} if required else {"default": field.default}
        metavar = {"metavar": "FILE"} if plain_type(field) is Path else {}
        choices = field.metadata["choices"]
        kind = {"choices": choices} if choices else {"type": typed(field)}
        if several and field.metadata["own"]:
            kind["nargs"] = "+"
        flags.add_argument(name, required=required, help=about, **default, **kind, **metavar)


def add_augmentation(parser: argparse.ArgumentParser, source: bool = False) -> None:
    """The flags of what hangs on the kind of data: ``View`` and, of a teacher, ``Source``."""
    flags = parser.add_argument_group("augmentation", "by the kind of data: see docs")
    several = {"action": "append", "default": [], "metavar": "NAME=VALUE"}
    flags.add_argument("--augmentation", **several, help="ranges of views, e.g. rotation=15")
    if source:
        text = "of labelled source rows besides, e.g. random_convolution=0.3"
        flags.add_argument("--source-augmentation", **several, help=text)


def schema(group: type[Settings]) -> dict:
    """A group as the properties of a JSON schema, in the order of its fields."""
    properties = {}
    for field in dataclasses.fields(group):
        how = field.metadata
        found = {"type": TYPES[plain_type(field)], "description": how["about"]}
        found |= {LIMITS[name][0]: limit for name, limit in how["limits"].items()}
        if how["choices"]:
            found["enum"] = list(how["choices"])
        if field.default is not dataclasses.MISSING:
            found["default"] = field.default
        properties[field.name] = {key: value for key, value in found.items() if value != ""}
    return properties
