"""What the name of a network of ours may be, where a kind of data has no other networks.

No torch here: the config's check asks before a network is built.
"""


def misnamed(model: str, known: dict[str, dict]) -> str:
    """Why a name, a family and its sizes, is that of no network; nothing, where it is one.

    Args:
        model: as in a config, without what stands after ``@``.
        known: of each family ``sizes``, how many its name may have, and ``multiple``, of what
            its width, the last of them, must be one.
    """
    family, *sizes = model.split("-")
    if family not in known:
        return f"unknown; allowed: {', '.join(f'{name}-<sizes>' for name in known)}"
    most, multiple = known[family]["sizes"], known[family].get("multiple", 1)
    if not all(part.isdigit() and int(part) > 0 for part in sizes):
        return f"sizes must be positive integers, e.g. {family}-16"
    if len(sizes) > most:
        return f"{family} does not take the sizes {', '.join(sizes)}; it has {most}"
    if len(sizes) == most and int(sizes[-1]) % multiple:
        return f"its width must be a multiple of {multiple}, got {sizes[-1]}"
    return ""
