"""What networks on sounds take, known before one is built: the config's check asks here.

No torch here. What stands below is held against the networks themselves by a test.
"""

from distilshift.data.limits import misnamed
from distilshift.model_names import parts

# sizes: how many its name may have; batchnorm: whether it has any; multiple: of what its
# width, the last size, must be one; frozen: whether it has a part that is never trained;
# alone: whether it trains on a batch of one
LIMITS = {
    "melcnn": {"sizes": 1, "batchnorm": True},
    "dscnn": {"sizes": 1, "batchnorm": True},
    "transformer": {"sizes": 2, "batchnorm": False, "layernorm": True, "multiple": 16},
    "embedding": {"sizes": 1, "batchnorm": True, "frozen": True, "alone": False},
}


def of(model: str) -> dict:
    """The limits of a model, by its name; nothing, where none are known."""
    return LIMITS.get(parts(model)[0].split("-")[0], {})


def complaint(model: str, rate: int, seconds: float) -> str:
    """Why there is no such network for sounds of that rate and length; nothing, where there is.

    Args:
        model: as in a config.
        rate: samples a second.
        seconds: length of a row.
    """
    return misnamed(model, LIMITS)


def fewest_rows(model: str, rate: int, seconds: float) -> int:
    """The fewest rows of a batch that the network can be trained on."""
    # BatchNorm over the bands and frames of one row has values enough
    return 1 if of(model).get("alone", True) else 2
