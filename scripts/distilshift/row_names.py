"""What rows are called that have seen few labels of the target: oracle-5 and dist+5."""

import re


def with_labels(method: str, count: int | None) -> str:
    """A method of ``count`` target labels a class; itself, if it has none."""
    if count is None:
        return method
    return f"oracle-{count}" if method == "oracle" else f"{method}+{count}"


def few_labels(method: str) -> tuple[str, int] | None:
    """The method and how many labels a class it was given; None, if it is no such row.

    No method of a config has such a name: ``+`` is in none, and oracles are kept for this.
    """
    found = re.fullmatch(r"(oracle(?=-)|.+(?=[+]))[+-](\d+)", method)
    return (found[1], int(found[2])) if found else None


def behind(count: int) -> str:
    """What marks such a row, behind its name."""
    return f", {count} label{'s' * (count > 1)} a class"
