"""What networks on texts take, known before one is built: the config's check asks here.

No torch here. What stands below is held against the networks themselves by a test.
"""

from distilshift.text.networks import NETWORKS

# sizes: how many its name may have; batchnorm: whether it has any;
# multiple: of what its width, the last size, must be one
LIMITS = {
    "bag": {"sizes": 2, "batchnorm": False},
    "bytecnn": {"sizes": 1, "batchnorm": True},
    "transformer": {"sizes": 2, "batchnorm": False, "multiple": 16},
}


def of(model: str) -> dict:
    """The limits of a model, by its name; nothing, where none are known."""
    return LIMITS.get(model.partition("@")[0].split("-")[0], {})


def complaint(model: str, length: int) -> str:
    """Why there is no such network for texts of that length; nothing, where there is one.

    Args:
        model: as in a config, without what stands after ``@``.
        length: bytes of a text, as the network reads it.
    """
    family, *sizes = model.split("-")
    if family not in NETWORKS:
        families = ", ".join(f"{name}-<sizes>" for name in NETWORKS)
        return f"unknown; allowed: {families}"
    known = of(model)
    if not all(part.isdigit() and int(part) > 0 for part in sizes):
        return f"sizes must be positive integers, e.g. {family}-64"
    if len(sizes) > known.get("sizes", len(sizes)):
        return f"{family} does not take the sizes {', '.join(sizes)}; it has {known['sizes']}"
    multiple = known.get("multiple", 1)
    if len(sizes) == known.get("sizes") and int(sizes[-1]) % multiple:
        return f"its width must be a multiple of {multiple}, got {sizes[-1]}"
    if length < 8:
        return f"texts must be of at least 8 bytes, got {length}"
    return ""


def fewest_rows(model: str, length: int) -> int:
    """The fewest rows of a batch that the network can be trained on."""
    return 1  # BatchNorm over the bytes of one text has values enough
