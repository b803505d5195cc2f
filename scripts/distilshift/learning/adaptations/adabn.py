"""BatchNorm's statistics and nothing else."""

from distilshift import networks
from distilshift.errors import InputError
from distilshift.learning.adaptation import Task


def adabn(task: Task) -> None:
    """The target's BatchNorm statistics and nothing else (``target_statistics``).

    Raises:
        InputError: the network has no BatchNorm, so this would change nothing.
    """
    if not networks.has_batchnorm(task.model):
        problem = "needs BatchNorm layers and the network has none"
        raise InputError("adaptation adabn", problem, "give this network other adaptations")
