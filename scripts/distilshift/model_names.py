"""What the name of a network says: ``<model>[+<neck>][@<seen>[/<kept>]]``. No torch here."""

import re


def parts(name: str) -> tuple[str, str, str]:
    """The model, the neck behind its body, and how it sees its rows; empty where nothing is said.

    ``resnet50+256@224/256`` is ``("resnet50", "256", "224/256")``.
    """
    model, _, seen = name.partition("@")
    found = re.fullmatch(r"(.+?)(?:\+(\d+r?))?", model)
    return (found[1], found[2] or "", seen) if found else (model, "", seen)


def sides(seen: str) -> tuple[int, int] | None:
    """The side that a network sees, and that of the rows of whose middle it is; None: neither.

    ``224`` is all of rows at 224, ``224/256`` the middle 224 of rows at 256.
    """
    found = re.fullmatch(r"(\d+)(?:/(\d+))?", seen)
    if not found:
        return None
    inner, outer = int(found[1]), int(found[2] or found[1])
    return (inner, outer) if 0 < inner <= outer else None
