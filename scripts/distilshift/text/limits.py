"""What networks on texts take, known before one is built: the config's check asks here.

No torch here. What stands below is held against the networks themselves by a test.
"""

from distilshift.data.limits import misnamed

# sizes: how many its name may have; batchnorm: whether it has any; layernorm: has it instead;
# multiple: of what its width, the last size, must be one
LIMITS = {
    "bag": {"sizes": 2, "batchnorm": False},
    "bytecnn": {"sizes": 1, "batchnorm": True},
    "transformer": {"sizes": 2, "batchnorm": False, "layernorm": True, "multiple": 16},
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
    if problem := misnamed(model, LIMITS):
        return problem
    if length < 8:
        return f"texts must be of at least 8 bytes, got {length}"
    return ""


def fewest_rows(model: str, length: int) -> int:
    """The fewest rows of a batch that the network can be trained on."""
    return 1  # BatchNorm over the bytes of one text has values enough
