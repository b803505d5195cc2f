# networks that are the user's own: checkpoints that training starts from, modules that build them
import hashlib
from functools import cache

# of each network and role what the config says of its checkpoint; nothing, where it has none
STARTS = {}
for name, network in config["networks"].items():
    for role in ("teacher", "student"):
        given = network[role]
        STARTS[name, role] = {} if isinstance(given, str) else given
        # from here on a network is known by its model alone
        network[role] = STARTS[name, role].get("model", given)

# what a name says: the model, its neck, how it sees its rows; the sides behind an @
model_parts, sides = (
    contents("distilshift.model_names")[name] for name in ("parts", "sides")
)


def bare(model):
    """A model without what its name says of a neck and of how it sees its rows."""
    return model_parts(model)[0]


def is_own(model):
    """Whether a model is a function in a file of the user's."""
    return contents("distilshift.own_modules")["is_own"](bare(model))


def start_file(role):
    """An input function: the checkpoint; its content, not its age, is what reruns."""

    def path(wildcards):
        given = STARTS[wildcards.network, role]
        return ancient(local(place(given["weights"]))) if given else []

    return path


@cache
def content_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def reading(given):
    """How a checkpoint is read, as flags."""
    listed = {key: ",".join(map(str, given.get(key, []))) for key in CHANNELS}
    keys = [f"{theirs}={ours}" for theirs, ours in given["keys"].items()]
    about = {"keys": ",".join(keys), "head": given["head"], **listed}
    return flags({f"start_{key}": value for key, value in about.items() if value})


def start_flags(role):
    """A parameter: the checkpoint and how it is read, as flags.

    Snakemake holds no parameter against a result that asks for ``input``; ``start_content``
    is held.
    """

    def made(wildcards, input):
        given = STARTS[wildcards.network, role]
        return [*flags({"start": input.start}), *reading(given)] if given else []

    return made


CHANNELS = ("mean", "deviation")


def checkpoints():
    """The checkpoints as settings of the experiment, where it has any."""
    found = {f"{name} {role}": given for (name, role), given in STARTS.items() if given}
    return {"starts": found} if found else {}


def start_content(role):
    """A parameter: the checkpoint's sha256 and how it is read; against it a result is held."""

    def found(wildcards):
        given = STARTS[wildcards.network, role]
        return [content_of(place(given["weights"])), *reading(given)] if given else ""

    return found


def own_content(used):
    """A parameter: the sha256 of each file of the user's own, a module or an encoder's.

    Args:
        used: gives by wildcards what a job names, as for ``code``.
    """
    return lambda wildcards: [content_of(path) for path in own_among(used(wildcards))]
