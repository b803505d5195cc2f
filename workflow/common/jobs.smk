# what jobs of many rules need: resources, and settings as flags
import os

import snakemake.benchmark

# Snakemake reads the memory maps of each running job twice a second to benchmark it; with
# torch's many libraries mapped that took 105 of the default run's 890 CPU-seconds
snakemake.benchmark.BENCHMARK_INTERVAL_SHORT = 5.0


def place(given):
    """A folder or file that the config names, from the folder that the workflow runs in.

    It is taken as it is written: ``~`` and ``$USER`` are names, and a leading dash no flag.
    """
    path = os.path.normpath(given)
    return os.path.abspath(path) if path == "." or path.startswith("-") else path


def flags(settings):
    """Settings as arguments of a script: a switch where it is on, a list once an item.

    Each is one argument, so a value with a leading dash is no flag; the rules quote them,
    as they quote every path and name, by ``:q``.
    """
    made = []
    for key, value in settings.items():
        flag = f"--{key.replace('_', '-')}"
        if isinstance(value, bool):
            made += [flag] * value
        elif value is not None:
            values = value if isinstance(value, list) else [value]
            made += [f"{flag}={one}" for one in values]
    return made


def growing(amount):
    """A resource that grows with each attempt; the retries belong in the profile."""
    return lambda wildcards, attempt: amount * attempt


def device(wildcards, resources):
    """The device to compute on.

    It asks for ``resources`` because Snakemake holds no such parameter against a result:
    another device is no reason to make everything again.
    """
    return config["device"]


def trained_as(role, network, more=None):
    """How a network is trained in a role: by `training`, its own there, then what else differs.

    Args:
        more: of the adaptation's or method's own settings, if it has any.
    """
    own = config["networks"][network].get("training", {}).get(role, {})
    found = {**config["training"][role]}
    for other in (own, more or {}):
        ranges = {**found["augmentation"], **other.get("augmentation", {})}
        found |= {**other, "augmentation": ranges}
    return found


def first_like(role, network):
    """The first network that is the same in a role: what labels train is trained under its name."""
    return next(name for name in config["networks"] if is_like(role, name, network))


def is_like(role, one, other):
    """Whether two networks are the same in a role, in model, start and training."""
    known = [
        (
            config["networks"][name][role],
            STARTS[name, role],
            trained_as(role, name),
            source_augmentation(name) if role == "teacher" else None,
        )
        for name in (one, other)
    ]
    return known[0] == known[1]


def training_of(role, wildcards):
    """How a job trains: its adaptation's and method's own settings stand before others."""
    section, key = {
        "adaptation": ("adaptations", "adaptation"),
        "student": ("methods", "method"),
    }.get(role, (None, None))
    named = wildcards.get(key) if key else None
    more = config[section][named].get("training") if named else None
    return trained_as(role, wildcards.network, more)


def training_flags(role):
    """An input function of wildcards: how a network is trained, views and all, as flags."""

    def told(wildcards):
        given = training_of(role, wildcards)
        ranges = [f"{name}={value}" for name, value in given["augmentation"].items()]
        return flags({**given, "augmentation": ranges})

    return told


def augmentation_flags(role, wildcards):
    """The ranges that a network's views are drawn from, named by the kind of data."""
    ranges = trained_as(role, wildcards.network)["augmentation"]
    return flags(
        {"augmentation": [f"{name}={value}" for name, value in ranges.items()]}
    )


def input_flags():
    """The kind of data, and what every row of a domain becomes, as it names that."""
    given = [f"{name}={value}" for name, value in config[KIND].items()]
    return flags({"data": KIND, "input": given})


def source_augmentation(network):
    """What is done to labelled source rows where a network's teacher learns from them, by name."""
    own = config["networks"][network].get("training", {})
    return {name: own.get(name, config["training"][name]) for name in fields("Source")}


def source_augmentation_flags(wildcards):
    """The same as flags."""
    given = source_augmentation(wildcards.network)
    return flags(
        {"source_augmentation": [f"{name}={value}" for name, value in given.items()]}
    )
